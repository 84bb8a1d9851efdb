/** Handlers as they are given: a stage that is spelt in another way would never be asked, and mail would pass it by. */
import type { SmtpHandler } from './handler.js'

/** What a handler can have: functions (1) and tables (0). A record, so that none is forgotten. */
const STAGES: Readonly<Record<Exclude<keyof SmtpHandler, 'name' | 'needs' | 'rewrites'>, 0 | 1>> = {
  keywords: 1,
  connect: 1,
  helo: 1,
  auth: 1,
  authenticated: 1,
  authFailed: 1,
  mail: 1,
  rcpt: 1,
  data: 1,
  body: 1,
  message: 1,
  rset: 1,
  quit: 1,
  close: 1,
  mailParameters: 0,
  rcptParameters: 0,
  commands: 0,
}

/** @throws TypeError for what is no list of handlers, or has a handler that says nothing at any stage, a stage or a table misspelt. */
export function checkHandlers(handlers: readonly SmtpHandler[]): void {
  if (!Array.isArray(handlers)) throw new TypeError('handlers must be an array of handlers')
  for (const [at, handler] of handlers.entries()) {
    if (typeof handler !== 'object' || handler === null) {
      const what = typeof handler === 'function' ? 'a function: onMessage(function) makes one' : String(handler)
      throw new TypeError(`handlers[${at}] must be a handler, not ${what}`)
    }
    checkHandler(`handlers[${at}]`, handler)
  }
}

function checkHandler(which: string, handler: SmtpHandler): void {
  const names = Object.keys(STAGES) as (keyof typeof STAGES)[]
  const has = names.filter((name) => handler[name] !== undefined)
  for (const name of has) {
    const own: unknown = handler[name]
    if (!STAGES[name]) checkTable(`${which}: ${name}`, own)
    else if (typeof own !== 'function') throw new TypeError(`${which}: ${name} must be a function`)
  }
  // Handlers may have functions and data of their own, so only what looks like a stage that is not there is a mistake.
  for (const key of Object.keys(handler)) {
    const meant = names.find((name) => isNearly(key, name))
    if (meant === undefined || handler[meant] !== undefined) continue
    const own: unknown = handler[key as keyof SmtpHandler]
    if (typeof own !== 'function' && !(own instanceof Map)) continue
    throw new TypeError(`${which} has no stage ${key}: write ${meant}, or give it a name that is less like that`)
  }
  if (has.length === 0) throw new TypeError(`${which} has no stage; there are ${names.join(', ')}`)
}

/** What a client says is looked up in upper case. */
function checkTable(what: string, table: unknown): void {
  if (!isTable(table)) throw new TypeError(`${what} must be a Map`)
  for (const [name] of table) {
    const upper = String(name).toUpperCase()
    if (name !== upper) throw new TypeError(`${what} has ${String(name)}, but names are in upper case: ${upper}`)
  }
}

function isTable(value: unknown): value is Iterable<readonly [unknown, unknown]> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

/** Another case, `on` in front, or one letter more, less, or other. */
function isNearly(key: string, stage: string): boolean {
  const [a, b] = [key.startsWith('on') ? key.slice(2) : key, stage].map((name) => name.toLowerCase())
  const most = Math.max(a.length, b.length)
  let start = 0
  while (start < most && a[start] === b[start]) start++
  let end = 0
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return most - start - end <= 1
}
