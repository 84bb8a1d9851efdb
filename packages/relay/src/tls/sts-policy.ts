/** The texts of MTA-STS (RFC 8461 §3): the DNS record, and the policy that it announces. */

/** A policy. */
export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none'
  /** Patterns for names of servers: `mx.example.org`, `*.example.org`. Lower case. */
  readonly mx: readonly string[]
  /** Seconds for which it holds. */
  readonly maxAge: number
  /** Its lines, for reports. */
  readonly lines: readonly string[]
}

/** About a year: nothing holds longer (§3.2). */
const MAX_AGE = 31_557_600
/** Patterns at most. */
const MAX_PATTERNS = 200

/**
 * The id of the one record that announces a policy (§3.1); `null` when there is none, or more than one.
 * `texts`: the TXT records of `_mta-sts.domain`.
 */
export function readStsRecord(texts: readonly string[]): string | null {
  const records = texts.filter(
    (text) => text === 'v=STSv1' || text.startsWith('v=STSv1;') || text.startsWith('v=STSv1 '),
  )
  if (records.length !== 1) return null
  for (const field of records[0].split(';')) {
    const [key, value = ''] = field.split('=', 2).map((word) => word.trim())
    if (key === 'id') return isId(value) ? value : null
  }
  return null
}

/** Reads a policy; a text says what is wrong with it. Fields that nobody knows are left alone (§3.2). */
export function readStsPolicy(text: string): StsPolicy | string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const fields = new Map<string, string>()
  const mx: string[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon === -1) return `a line without a colon`
    const key = line.slice(0, colon).trim()
    const value = line.slice(colon + 1).trim()
    if (key === 'mx') mx.push(value.toLowerCase())
    // §3.2: of a field that is there twice the first one counts.
    else if (!fields.has(key)) fields.set(key, value)
  }
  const mode = fields.get('mode')
  const age = fields.get('max_age') ?? ''
  if (fields.get('version') !== 'STSv1') return 'it is not of version STSv1'
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return `the mode is ${mode ?? 'missing'}`
  if (!isNumber(age)) return 'max_age is no number of seconds'
  if (mx.length > MAX_PATTERNS) return `more than ${MAX_PATTERNS} patterns`
  if (mode !== 'none' && mx.length === 0) return 'it names no server'
  return { mode, mx, maxAge: Math.min(Number(age), MAX_AGE), lines }
}

/** May the policy's domain have this server (§4.1)? A wildcard stands for one label. `host`: lower case. */
export function matchesSts({ mx }: StsPolicy, host: string): boolean {
  const dot = host.indexOf('.')
  return mx.some(
    (pattern) => pattern === host || (pattern.startsWith('*.') && dot !== -1 && pattern.slice(1) === host.slice(dot)),
  )
}

/** §3.1: 1 to 32 letters and digits. */
function isId(text: string): boolean {
  if (text.length === 0 || text.length > 32) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) | 32
    if (!(code >= 97 && code <= 122) && !isDigit(text.charCodeAt(i))) return false
  }
  return true
}

/** §3.2: up to 10 digits. */
function isNumber(text: string): boolean {
  if (text.length === 0 || text.length > 10) return false
  for (let i = 0; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return false
  return true
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
