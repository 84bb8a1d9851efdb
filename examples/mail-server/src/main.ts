import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Log } from '@posthouse/wire'
import { createLog } from './log.js'
import { createMetrics } from './metrics.js'
import { type Ports, type PrimaryMessage, runPrimary, type WorkerMessage } from './processes.js'
import { startMailServer } from './server.js'
import { LISTENER_NAMES, readSettings, type Settings } from './settings.js'
import { startStatusServer } from './status.js'

/** Three lines that send and read a first message. */
function firstSteps(settings: Settings, ports: Ports): string {
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

/** The line that scripts wait for, and below it what a person may paste. */
function announce(ports: Ports, steps: string, statusPort: number | null): void {
  const status = statusPort === null ? '' : ` status=${statusPort}`
  console.log(`ready ${LISTENER_NAMES.map((name) => `${name}=${ports[name] ?? 'off'}`).join(' ')}${status}`)
  console.log(steps)
}

/** The mail server in this process. Resolves when it has ended. */
async function serve(settings: Settings, log: Log): Promise<void> {
  const metrics = createMetrics()
  const server = await startMailServer(settings, metrics.watching(log), metrics.observe)
  const status =
    settings.statusPort === null || cluster.isWorker
      ? null
      : await startStatusServer(settings.host, settings.statusPort, {
          metrics: () => metrics.registry.metrics(),
          problem: server.problem,
        })
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve)
    process.on('message', (message: PrimaryMessage) => message.type === 'stop' && resolve())
    // The primary is gone: nobody would ever stop us.
    process.on('disconnect', resolve)
  })
  if (cluster.isWorker) {
    process.send?.({
      type: 'ready',
      ports: server.ports,
      firstSteps: firstSteps(settings, server.ports),
    } satisfies WorkerMessage)
  } else {
    process.on('SIGHUP', () => {
      server.reloadCertificate().then(
        () => log({ level: 'info', event: 'certificate.reloaded', message: 'new connections use the new certificate' }),
        (error: Error) => log({ level: 'error', event: 'certificate.failed', message: error.message }),
      )
    })
    // Said last: whoever reads it may stop us at once.
    announce(server.ports, firstSteps(settings, server.ports), status?.port ?? null)
  }
  await stopped
  await server.close()
  await status?.close()
}

async function main(): Promise<void> {
  const settings = readSettings(process.env)
  const log = createLog(settings.logLevel)
  if (settings.workers === null || cluster.isWorker) return serve(settings, log)
  cluster.setupPrimary({ exec: fileURLToPath(import.meta.url) })
  const { host, statusPort, workers } = settings
  await runPrimary({
    workers,
    log,
    status: statusPort === null ? null : { host, port: statusPort },
    ready: ({ ports, firstSteps: steps }, port) => announce(ports, steps, port),
  })
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    createLog('info')({ level: 'error', event: 'server.failed', message, error })
    process.exit(1)
  },
)
