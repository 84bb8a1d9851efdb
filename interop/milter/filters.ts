/** Milters of Debian, each in a folder of its own: nothing of the machine's mail system is touched. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../dovecot.js'

export interface Filter {
  readonly port: number
  readonly folder: string
  stop(): Promise<void>
}

/** The test pattern of every virus scanner (EICAR), in two halves so that no scanner takes this file for it. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')
/** The test pattern of every spam filter (GTUBE). */
export const GTUBE = ['XJS*C4JDBQADN1.NSBN3*2IDNEN*', 'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'].join('')

/** rspamd without its rules: what it does by itself is enough to see that it is heard. */
export async function startRspamd(): Promise<Filter> {
  const folder = temporaryFolder('rspamd')
  const port = await freePort()
  // Its own list of 9,000 suffixes takes seconds to be compiled.
  writeFileSync(join(folder, 'tld'), 'org\ncom\nnet\n')
  writeFileSync(
    join(folder, 'rspamd.conf'),
    `
options {
  filters = ""
  tempdir = "${folder}"
  url_tld = "${folder}/tld"
  control_socket = "${folder}/control mode=0600"
  dns { nameserver = ["127.0.0.1:1"], timeout = 0.1s, retransmits = 1 }
}
logging { type = "console", level = "info" }
worker "rspamd_proxy" {
  bind_socket = "127.0.0.1:${port}"
  milter = yes
  count = 1
  upstream "local" { default = yes, self_scan = yes }
}
worker "normal" { enabled = false }
actions { reject = 15, "add header" = 6 }
`,
  )
  return start({ port }, folder, 'rspamd', ['-f', '--insecure', '-c', join(folder, 'rspamd.conf')])
}

export interface OpendkimOptions {
  /** PEM of the private key for the selector `test` of example.org. */
  readonly key: string
  /** The name under which it writes Authentication-Results. */
  readonly authservId?: string
  /** Public keys in place of DNS, as its option TestPublicKeys reads them. */
  readonly publicKeys?: string
  /** Clients whose mail it signs. Default: this machine. */
  readonly internal?: string
}

/** Signs what comes from this machine for example.org; verifies all else. */
export async function startOpendkim(options: OpendkimOptions): Promise<Filter> {
  const folder = temporaryFolder('opendkim')
  const port = await freePort()
  writeFileSync(join(folder, 'key.pem'), options.key, { mode: 0o600 })
  writeFileSync(join(folder, 'keys'), options.publicKeys ?? '')
  writeFileSync(
    join(folder, 'opendkim.conf'),
    [
      'Mode sv',
      'Domain example.org',
      'Selector test',
      `KeyFile ${folder}/key.pem`,
      `Socket inet:${port}@127.0.0.1`,
      'Canonicalization relaxed/simple',
      'RequireSafeKeys no',
      'UserID root',
      'AlwaysAddARHeader yes',
      'RemoveARAll no',
      ...(options.publicKeys === undefined ? [] : [`TestPublicKeys ${folder}/keys`]),
      `AuthservID ${options.authservId ?? 'mx.example.org'}`,
      `InternalHosts ${options.internal ?? '127.0.0.1'}`,
      '',
    ].join('\n'),
  )
  return start({ port }, folder, 'opendkim', ['-f', '-x', join(folder, 'opendkim.conf')])
}

/** ClamAV with a database of one signature: EICAR. */
export async function startClamav(): Promise<Filter> {
  const folder = temporaryFolder('clamav')
  chmodSync(folder, 0o755)
  const port = await freePort()
  mkdirSync(join(folder, 'database'))
  const pattern = Buffer.from(EICAR).toString('hex')
  writeFileSync(join(folder, 'database', 'test.ndb'), `Eicar-Test-Signature:0:*:${pattern}\n`)
  writeFileSync(
    join(folder, 'clamd.conf'),
    [
      'Foreground yes',
      `DatabaseDirectory ${folder}/database`,
      `LocalSocket ${folder}/clamd.sock`,
      `TemporaryDirectory ${folder}`,
      'User root',
      'Bytecode no',
      '',
    ].join('\n'),
  )
  writeFileSync(
    join(folder, 'milter.conf'),
    [
      'Foreground yes',
      `MilterSocket inet:${port}@127.0.0.1`,
      `ClamdSocket unix:${folder}/clamd.sock`,
      `TemporaryDirectory ${folder}`,
      'User root',
      'OnInfected Reject',
      'RejectMsg Infected by %v',
      'AddHeader Replace',
      '',
    ].join('\n'),
  )
  // The milter gives up for a while where it does not find the scanner: that comes first.
  const scanner = await start({ path: join(folder, 'clamd.sock') }, folder, 'clamd', [
    '--config-file',
    join(folder, 'clamd.conf'),
  ])
  const filter = await start({ port }, folder, 'clamav-milter', ['--config-file', join(folder, 'milter.conf')])
  return {
    port,
    folder,
    async stop() {
      await filter.stop()
      await scanner.stop()
    },
  }
}

function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `posthouse-${name}-`))
}

/** Starts a program and waits until it listens. */
async function start(
  place: { readonly port: number } | { readonly path: string },
  folder: string,
  command: string,
  args: readonly string[],
): Promise<Filter> {
  let output = ''
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout?.on('data', (data) => (output += data))
  child.stderr?.on('data', (data) => (output += data))
  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await exited
      clearTimeout(hard)
    }
    rmSync(folder, { recursive: true, force: true })
  }
  for (let wait = 0; wait < 400 && child.exitCode === null; wait++) {
    if (await isOpen(place)) return { port: 'port' in place ? place.port : 0, folder, stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error(`${command} did not start:\n${output.slice(-3_000)}`)
}

function isOpen(place: { readonly port: number } | { readonly path: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('port' in place ? { host: '127.0.0.1', port: place.port } : place)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
