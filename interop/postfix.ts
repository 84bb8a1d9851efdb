import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './dovecot.js'
import { runProgram } from './tools.js'

/** A Postfix of our own, in a folder of its own. Nothing of the machine's mail system is touched. */
export interface Postfix {
  /** The port of its SMTP server, which believes everybody on this machine. */
  readonly port: number
  readonly folder: string
  /** What was delivered to `name@example.org`, oldest first. */
  delivered(name: string): readonly string[]
  /** Waits until so many messages are there. */
  deliveredTo(name: string, count: number): Promise<readonly string[]>
  /** Hands in a message as a program on this machine does. */
  submit(from: string, to: readonly string[], message: string): Promise<void>
  /** Tries everything that is queued now. */
  flush(): Promise<void>
  /** Queue files that are left; 0: everything has gone somewhere. */
  queued(): number
  /** The mail log. */
  log(): string
  stop(): Promise<void>
}

export interface PostfixOptions {
  /** Where mail for all but example.org goes: `smtp:[127.0.0.1]:2525`, `lmtp:inet:127.0.0.1:2424`. Default: refused. */
  readonly transport?: string
  /** Who has a mailbox at example.org. Default: alice, bob, carol. */
  readonly mailboxes?: readonly string[]
  /** Offers STARTTLS, and uses it as a client. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** More lines for main.cf. */
  readonly settings?: readonly string[]
}

/** Needs root, because Postfix changes users. */
export async function startPostfix(options: PostfixOptions = {}): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-postfix-'))
  chmodSync(folder, 0o755)
  const port = await freePort()
  const id = (flag: string, name: string): number => Number(execFileSync('id', [flag, name]).toString())
  const [nobody, nogroup] = [id('-u', 'nobody'), id('-g', 'nobody')]
  for (const name of ['etc', 'queue', 'data', 'mail']) mkdirSync(join(folder, name))
  chownSync(join(folder, 'data'), id('-u', 'postfix'), id('-g', 'postfix'))
  chownSync(join(folder, 'mail'), nobody, nogroup)
  const etc = join(folder, 'etc')
  if (options.tls) {
    writeFileSync(join(etc, 'cert.pem'), options.tls.cert)
    writeFileSync(join(etc, 'key.pem'), options.tls.key, { mode: 0o600 })
  }
  const names = options.mailboxes ?? ['alice', 'bob', 'carol']
  writeFileSync(join(etc, 'mailboxes'), names.map((name) => `${name}@example.org ${name}/\n`).join(''))
  writeFileSync(join(etc, 'main.cf'), mainConfiguration(folder, options, nobody, nogroup).join('\n'))
  writeFileSync(join(etc, 'master.cf'), masterConfiguration(port).join('\n'))
  const child = spawn('postfix', ['-c', etc, 'start-fg'], { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const logFile = join(folder, 'log')
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  try {
    await listening(port, child)
  } catch (error) {
    throw new Error(`${(error as Error).message}:\n${log()}`)
  }

  function delivered(name: string): readonly string[] {
    const inbox = join(folder, 'mail', name, 'new')
    if (!existsSync(inbox)) return []
    return readdirSync(inbox)
      .sort()
      .map((file) => readFileSync(join(inbox, file), 'latin1'))
  }

  return {
    port,
    folder,
    delivered,
    async deliveredTo(name, count) {
      for (let wait = 0; wait < 400; wait++) {
        const all = delivered(name)
        if (all.length >= count) return all
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`${delivered(name).length} of ${count} messages came to ${name}:\n${log().slice(-3000)}`)
    },
    async submit(from, to, message) {
      const { code, stderr } = await runProgram('/usr/sbin/sendmail', ['-C', etc, '-i', '-f', from, ...to], {
        input: message,
      })
      if (code !== 0) throw new Error(stderr)
    },
    async flush() {
      await runProgram('postqueue', ['-c', etc, '-f'])
    },
    queued() {
      const files = (name: string): number =>
        readdirSync(join(folder, 'queue', name), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
          .length
      return ['incoming', 'active', 'deferred', 'maildrop'].reduce((sum, name) => sum + files(name), 0)
    },
    log,
    async stop() {
      await runProgram('postfix', ['-c', etc, 'stop'])
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function mainConfiguration(
  folder: string,
  { transport, tls, settings = [] }: PostfixOptions,
  uid: number,
  gid: number,
): string[] {
  return [
    'compatibility_level = 3.6',
    `queue_directory = ${folder}/queue`,
    `data_directory = ${folder}/data`,
    `maillog_file = ${folder}/log`,
    `maillog_file_prefixes = ${folder}`,
    'myhostname = postfix.example.com',
    'mydestination =',
    'inet_interfaces = 127.0.0.1',
    'inet_protocols = ipv4',
    'mynetworks = 127.0.0.0/8',
    'smtpd_relay_restrictions = permit_mynetworks, reject',
    'smtpd_peername_lookup = no',
    'smtp_dns_support_level = disabled',
    'append_dot_mydomain = no',
    'biff = no',
    // Alias maps of the machine are none of ours.
    'alias_maps =',
    'alias_database =',
    'virtual_mailbox_domains = example.org',
    `virtual_mailbox_base = ${folder}/mail`,
    `virtual_mailbox_maps = texthash:${folder}/etc/mailboxes`,
    'virtual_minimum_uid = 1',
    `virtual_uid_maps = static:${uid}`,
    `virtual_gid_maps = static:${gid}`,
    'minimal_backoff_time = 1s',
    'maximal_backoff_time = 2s',
    'queue_run_delay = 1s',
    transport ? `default_transport = ${transport}` : 'default_transport = error:nobody is relayed to here',
    ...(tls
      ? [
          'smtpd_tls_security_level = may',
          `smtpd_tls_cert_file = ${folder}/etc/cert.pem`,
          `smtpd_tls_key_file = ${folder}/etc/key.pem`,
          'smtp_tls_security_level = may',
          'lmtp_tls_security_level = may',
          'smtpd_tls_loglevel = 1',
        ]
      : ['smtpd_tls_security_level = none', 'smtp_tls_security_level = none', 'lmtp_tls_security_level = none']),
    ...settings,
    '',
  ]
}

/** No service runs in a chroot: the folder has no copy of the system's files. */
function masterConfiguration(port: number): string[] {
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'pickup unix n - n 1 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 1 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'flush unix n - n 1000? 0 flush',
    'proxymap unix - - n - - proxymap',
    'showq unix n - n - - showq',
    'smtp unix - - n - - smtp',
    'lmtp unix - - n - - lmtp',
    'relay unix - - n - - smtp',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ]
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let wait = 0; wait < 400; wait++) {
    if (child.exitCode !== null) throw new Error('postfix did not start')
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('data', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
      socket.setTimeout(5000, () => resolve(false))
      socket.once('data', () => socket.end('QUIT\r\n'))
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('postfix does not answer')
}
