/** The part of DNS that handlers ask for; `node:dns/promises` is one. Names that do not exist are rejected promises. */
export interface Dns {
  /** IPv4 addresses of a name. */
  resolve4(name: string): Promise<readonly string[]>
  /** IPv6 addresses of a name. */
  resolve6(name: string): Promise<readonly string[]>
  /** Names of an address. */
  reverse(address: string): Promise<readonly string[]>
}

/** True when the error says that the name or its records do not exist; all other errors are temporary. */
export function isNotFound(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null)?.code
  return code === 'ENOTFOUND' || code === 'ENODATA' || code === 'NXDOMAIN'
}
