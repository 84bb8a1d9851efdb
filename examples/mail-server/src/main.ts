import type { LogEvent } from '@posthouse/wire'
import { startMailServer } from './server.js'
import { LISTENER_NAMES, readSettings, type Settings } from './settings.js'

/** What an operator wants to see: one line an event, on standard error. Debug events only with POSTHOUSE_DEBUG. */
function log(event: LogEvent): void {
  if (event.level === 'debug' && !process.env.POSTHOUSE_DEBUG) return
  const error = event.error instanceof Error ? (event.error.stack ?? event.error.message) : event.error
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...event, ...(error ? { error } : {}) })}\n`)
}

/** Three lines that send and read a first message. */
function firstSteps(settings: Settings, ports: Readonly<Record<string, number | null>>): string {
  const [first, second = first] = settings.users
  if (!first || !second) return ''
  const host = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host
  const login = `-u '${first.address}:${first.password}'`
  return [
    ports.smtp &&
      `send: printf 'From: ${second.address}\\r\\nTo: ${first.address}\\r\\nSubject: Hello\\r\\n\\r\\nIt works.\\r\\n' | curl smtp://${host}:${ports.smtp} --mail-from ${second.address} --mail-rcpt ${first.address} -T -`,
    ports.imap && `read: curl 'imap://${host}:${ports.imap}/INBOX;MAILINDEX=1' ${login}`,
    ports.pop3 && `list: curl pop3://${host}:${ports.pop3}/ ${login}`,
  ]
    .filter(Boolean)
    .join('\n')
}

async function main(): Promise<void> {
  const settings = readSettings(process.env)
  const server = await startMailServer(settings, log)
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      server.close().then(() => process.exit(0), fail)
    })
  }
  // Said last: whoever reads it may stop us at once.
  console.log(`ready ${LISTENER_NAMES.map((name) => `${name}=${server.ports[name] ?? 'off'}`).join(' ')}`)
  console.log(firstSteps(settings, server.ports))
}

function fail(error: unknown): void {
  log({
    level: 'error',
    event: 'server.failed',
    message: error instanceof Error ? error.message : String(error),
    error,
  })
  process.exit(1)
}

main().catch(fail)
