/** Why a store refused. The protocol packages turn it into their own negative replies. */
export type StoreCode =
  | 'nonexistent'
  | 'exists'
  | 'overquota'
  | 'noperm'
  | 'toolarge'
  | 'limit'
  | 'expired'
  | 'readonly'
  | 'busy'
  | 'unavailable'
  | 'invalid'

/** The error that every store method throws. `code` says what a caller can do about it; `message` is for a person. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreCode

  constructor(code: StoreCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** True for a `StoreError` of any copy of this package (ESM and CommonJS may both be loaded). */
export function isStoreError(error: unknown): error is StoreError {
  return error instanceof Error && error.name === 'StoreError' && typeof (error as { code?: unknown }).code === 'string'
}
