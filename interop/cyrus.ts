import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, listening } from './dovecot.js'
import { type Unpacked, writeFiles } from './unpack.js'

/** What `startCyrus` needs unpacked. */
export const CYRUS_PACKAGES = ['cyrus-pop3d', 'cyrus-common', 'sasl2-bin', 'libsasl2-modules-db']

/** A Cyrus of our own. The user is `anna`, the password `secret`, and the mailbox is made at the first login. */
export interface Cyrus {
  readonly pop3: number
  /** Takes messages for `anna` without a login. */
  readonly lmtp: number
  /** What `mbexamine` says of a mailbox. */
  examine(mailbox: string): string
  stop(): Promise<void>
}

/** Needs root, because it changes users. `settings`: more lines of its configuration. */
export async function startCyrus({ folder: root, env }: Unpacked, settings = ''): Promise<Cyrus> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-cyrus-'))
  chmodSync(folder, 0o755)
  for (const name of ['config', 'mail', 'run']) mkdirSync(join(folder, name))
  const programs = join(root, 'usr/lib/cyrus/bin')
  const config = join(folder, 'imapd.conf')
  const [pop3, lmtp] = [await freePort(), await freePort()]
  writeFiles(folder, {
    'imapd.conf': `
configdirectory: ${folder}/config
partition-default: ${folder}/mail
defaultpartition: default
servername: localhost
cyrus_user: nobody
cyrus_group: nogroup
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${folder}/sasldb2
sasl_mech_list: PLAIN
autocreate_quota: 0
lmtpsocket: ${folder}/run/lmtp
idlesocket: ${folder}/run/idle
notifysocket: ${folder}/run/notify
${settings}
`,
    'cyrus.conf': `
START {
  recover cmd="${programs}/ctl_cyrusdb -C ${config} -r"
}
SERVICES {
  pop3 cmd="${programs}/pop3d -C ${config}" listen="127.0.0.1:${pop3}" prefork=0
  lmtp cmd="${programs}/lmtpd -C ${config} -a" listen="127.0.0.1:${lmtp}" prefork=0
}
`,
  })
  const environment = {
    ...process.env,
    ...env,
    CYRUS_USER: 'nobody',
    SASL_PATH: env.LD_LIBRARY_PATH.split(':')
      .map((place) => join(place, 'sasl2'))
      .join(':'),
  }
  const accounts = ['-p', '-c', '-f', join(folder, 'sasldb2'), '-u', 'localhost', 'anna']
  execFileSync(join(root, 'usr/sbin/saslpasswd2'), accounts, { env: environment, input: 'secret' })
  execFileSync('chown', ['-R', 'nobody:nogroup', folder])
  const files = ['-C', config, '-M', join(folder, 'cyrus.conf'), '-p', join(folder, 'run/master.pid')]
  const child: ChildProcess = spawn(join(programs, 'master'), ['-D', ...files], { env: environment, stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await listening(pop3, child)
  return {
    pop3,
    lmtp,
    examine: (mailbox) =>
      execFileSync(join(programs, 'mbexamine'), ['-C', config, mailbox], { env: environment, encoding: 'utf8' }),
    async stop() {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
