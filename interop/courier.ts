import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Unpacked } from './unpack.js'

/** What `startCourier` needs unpacked. */
export const COURIER_PACKAGES = ['courier-pop', 'courier-base', 'courier-authlib']

/** A Courier of our own. Any user with any password sees the one maildir. */
export interface Courier {
  readonly pop3: number
  /** Puts a message into the maildir. Lines end with CRLF. */
  deliver(message: string): void
  /** The file in which it keeps sizes and unique-ids, or a new one in its place. */
  sizes(text?: string): string
  stop(): Promise<void>
}

/**
 * `courierpop3d` begins behind the login: a few lines here take the place of its login programs, and then the real one
 * has the connection. Needs root, because it refuses to run as root.
 */
export async function startCourier({ folder: root, env }: Unpacked): Promise<Courier> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-courier-'))
  chmodSync(folder, 0o755)
  const maildir = join(folder, 'Maildir')
  for (const name of ['', 'cur', 'new', 'tmp']) mkdirSync(join(maildir, name))
  const [uid, gid] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, 'nobody']).toString()))
  const own = (): unknown => execFileSync('chown', ['-R', `${uid}:${gid}`, folder])
  own()
  const children = new Set<ChildProcess>()

  function serve(socket: Socket): void {
    const login = { AUTHENTICATED: 'anna', AUTHADDR: 'anna', AUTHACCOUNT: 'anna' }
    const program = join(root, 'usr/lib/courier/courier/courierpop3d')
    const child = spawn(program, ['Maildir'], { cwd: folder, env: { ...process.env, ...env, ...login }, uid, gid })
    children.add(child)
    child.once('exit', () => children.delete(child))
    socket.pipe(child.stdin)
    // What it says first is the answer to PASS.
    child.stdout.pipe(socket)
    for (const stream of [child.stdin, child.stdout]) stream.on('error', () => socket.destroy())
  }

  const server = createServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.write('+OK Hello there.\r\n')
    socket.on('data', function login(chunk) {
      text += chunk.toString('latin1')
      for (let at = text.indexOf('\r\n'); at !== -1; at = text.indexOf('\r\n')) {
        const keyword = text.slice(0, 4).toUpperCase()
        text = text.slice(at + 2)
        if (keyword === 'CAPA') socket.write('+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n')
        else if (keyword !== 'PASS') socket.write('+OK\r\n')
        else {
          socket.removeListener('data', login)
          return serve(socket)
        }
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  let delivered = 0
  return {
    pop3: (server.address() as { port: number }).port,
    deliver(message) {
      const name = `${1_700_000_000 + ++delivered}.M${delivered}P1.host`
      // A maildir has the line ends of its system.
      writeFileSync(join(maildir, 'new', name), message.replaceAll('\r\n', '\n'), 'latin1')
      own()
    },
    sizes(text) {
      const file = join(maildir, 'courierpop3dsizelist')
      if (text !== undefined) writeFileSync(file, text)
      return readFileSync(file, 'latin1')
    },
    async stop() {
      for (const child of children) child.kill()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
