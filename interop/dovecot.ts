import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A Dovecot of our own, in a folder of its own: an oracle for what IMAP and POP3 clients are used to. */
export interface Dovecot {
  readonly imap: number
  readonly pop3: number
  readonly folder: string
  stop(): Promise<void>
}

/** A port that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

export interface DovecotOptions {
  /** Keeps it on one processor, for benchmarks. */
  readonly core?: number
  /** Default: `imap pop3`. */
  readonly protocols?: string
  /** More of its configuration, for its folder. */
  readonly settings?: (folder: string) => string
}

/** Settings with which wrong passwords, tried on purpose and by the same address, cost no time. */
export const NO_PENALTY = `
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`

/** Any user logs in with the password `secret`. Needs root, because Dovecot changes users. */
export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-dovecot-'))
  chmodSync(folder, 0o755)
  const [imap, pop3] = [await freePort(), await freePort()]
  const owner = Number(execFileSync('id', ['-u', 'nobody']).toString())
  const group = Number(execFileSync('id', ['-g', 'nobody']).toString())
  mkdirSync(join(folder, 'mail'))
  chownSync(join(folder, 'mail'), owner, group)
  const config = join(folder, 'dovecot.conf')
  writeFileSync(
    config,
    `
protocols = ${options.protocols ?? 'imap pop3'}
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:${folder}/mail/%u
mail_fsync = never
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=${owner} gid=${group} home=${folder}/mail/%u
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
  chroot =
}
service pop3-login {
  inet_listener pop3 {
    port = ${pop3}
  }
  inet_listener pop3s {
    port = 0
  }
  chroot =
}
service anvil {
  chroot =
}
${options.settings?.(folder) ?? ''}
`,
  )
  const command = [...(options.core === undefined ? [] : ['taskset', '-c', String(options.core)]), 'dovecot', '-F']
  const child: ChildProcess = spawn(command[0], [...command.slice(1), '-c', config], { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await listening(imap, child)
  return {
    imap,
    pop3,
    folder,
    async stop() {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves when the server on a port greets: some have no other way to say that they are ready. */
export async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} did not start`)
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('data', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
      socket.setTimeout(1000, () => resolve(false))
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
