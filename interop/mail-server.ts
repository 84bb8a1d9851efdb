import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../examples/mail-server/dist/main.js', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

/** The example mail server as a process of its own, as `npm run build` left it in `dist/`. */
export interface MailServerProcess {
  readonly ports: Readonly<Record<string, number>>
  readonly process: ChildProcess
  /** Folder of its store; kept until `remove`. */
  readonly data: string
  /** Its log so far. */
  readonly log: readonly string[]
  /** Resident memory in bytes. */
  memory(): Promise<number>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  remove(): void
}

/** Starts the server on free ports. `data`: a folder of an earlier run. */
export async function startMailServerProcess(
  options: { readonly data?: string; readonly env?: Record<string, string> } = {},
): Promise<MailServerProcess> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'posthouse-interop-'))
  const names = ['SMTP', 'SUBMISSION', 'LMTP', 'IMAP', 'POP3', 'SUBMISSIONS', 'IMAPS', 'POP3S']
  const child = spawn(process.execPath, [main], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...Object.fromEntries(names.map((name) => [`POSTHOUSE_${name}_PORT`, '0'])),
      POSTHOUSE_DATA: data,
      POSTHOUSE_DOMAINS: 'example.test,example.org',
      POSTHOUSE_USERS: 'alice@example.test:secret,bob@example.test:secret,carol@example.org:pass:word',
      ...options.env,
    },
  })
  const log: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
  const ports = await readyPorts(child, log)
  const exited = once(child, 'exit')
  return {
    ports,
    process: child,
    data,
    log,
    async memory() {
      const { readFile } = await import('node:fs/promises')
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      const line = status.split('\n').find((text) => text.startsWith('VmRSS:')) ?? ''
      return Number.parseInt(line.slice(6), 10) * 1024
    },
    async stop() {
      child.kill('SIGTERM')
      const [code] = await exited
      return code as number | null
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    remove: () => rmSync(data, { recursive: true, force: true }),
  }
}

async function readyPorts(child: ChildProcess, log: readonly string[]): Promise<Record<string, number>> {
  if (!child.stdout) throw new Error('no standard output')
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    if (!line.startsWith('ready ')) continue
    lines.close()
    child.stdout.resume()
    return Object.fromEntries(
      line
        .slice('ready '.length)
        .split(' ')
        .map((pair) => pair.split('='))
        .map(([name, port]) => [name, Number(port)]),
    )
  }
  throw new Error(`the mail server ended before it was ready:\n${log.join('\n')}`)
}
