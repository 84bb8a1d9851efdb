import { Flag, type Principal } from '@posthouse/store-api'

/** A principal that is not the owner of the account. Plain data: it crosses threads. */
export interface Guest {
  readonly principal: string
  readonly groups: readonly string[]
  /** Flag bits that it keeps for itself. */
  readonly privateFlags: number
}

/** Who asks; `null` for the owner, who may do everything. \Deleted is never private: EXPUNGE is for everybody. */
export function guestOf(account: string, as: Principal | undefined, privateFlags: number): Guest | null {
  if (as === undefined || as.principal === account) return null
  return { principal: as.principal, groups: as.groups ?? [], privateFlags: privateFlags & ~Flag.Deleted }
}
