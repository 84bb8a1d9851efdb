/**
 * Why the test server could not do what it was asked.
 * - `timeout`: a wait was over before its message came; the text says what came instead
 * - `unexpected`: mail came where none should
 * - `disposed`: the server was disposed while somebody waited
 * - `aborted`: the signal of a wait aborted; `cause` is its reason
 * - `ambiguous`: a link or code cannot be told from others; the text lists them
 * - `missing`: there is no such link, code, attachment or protocol
 * - `script`: a scripted fault was never used, or a handler of the test threw (`strictScripts`)
 * - `options`: options that do not go together, or that cannot be
 * - `unreachable`: the server of `connectTestMail` does not answer, or is none
 */
export type TestMailErrorCode =
  | 'timeout'
  | 'unexpected'
  | 'disposed'
  | 'aborted'
  | 'ambiguous'
  | 'missing'
  | 'script'
  | 'options'
  | 'unreachable'

/** See `TestMailErrorCode`. The message is written for whoever reads the failed test. */
export class TestMailError extends Error {
  override readonly name = 'TestMailError'
  readonly code: TestMailErrorCode
  constructor(code: TestMailErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Also one of another copy of this package (ESM and CommonJS), or of another realm. */
export function isTestMailError(error: unknown): error is TestMailError {
  return (error as { readonly name?: unknown } | null | undefined)?.name === 'TestMailError'
}
