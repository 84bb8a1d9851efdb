import type { Log } from './link.js'

/**
 * The log of whoever has given none: errors go to `console.error`, each with its details on one line and the stack behind it;
 * all other events go nowhere. `log: () => {}` silences it.
 */
export const errorLog: Log = ({ level, event, error, ...details }) => {
  if (level !== 'error') return
  // As JSON: what a client has sent does not make lines of its own.
  const known = Object.entries(details).map(([name, value]) => ` ${name}=${shown(value)}`)
  console.error(`posthouse: ${event}${known.join('')}`, ...(error === undefined ? [] : [error]))
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    // A circle, or a bigint. A log must not throw.
    return JSON.stringify(String(value))
  }
}
