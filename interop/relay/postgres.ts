import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../dovecot.js'

/** A PostgreSQL of our own, in a folder of its own. */
export interface PostgresServer {
  readonly url: string
  /** Ends at once, as when the power fails, and begins again. */
  crash(): void
  stop(): void
}

/** Debian keeps the programs of each version apart. */
function programs(): string {
  const base = '/usr/lib/postgresql'
  const versions = readdirSync(base).sort((a, b) => Number(b) - Number(a))
  return join(base, versions[0], 'bin')
}

/** Runs as the user `postgres`: PostgreSQL refuses root. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = programs()
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-postgres-'))
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  const as = (program: string, ...args: string[]): void =>
    void execFileSync('runuser', ['-u', 'postgres', '--', join(bin, program), ...args], {
      stdio: 'ignore',
      cwd: folder,
    })
  const port = await freePort()
  as('initdb', '-D', data, '-A', 'trust', '-U', 'posthouse', '--no-sync')
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1`
  const start = (): void => as('pg_ctl', '-D', data, '-w', '-l', join(folder, 'log'), '-o', settings, 'start')
  const stop = (): void => as('pg_ctl', '-D', data, '-m', 'immediate', 'stop')
  start()
  return {
    url: `postgres://posthouse@127.0.0.1:${port}/postgres`,
    crash() {
      stop()
      start()
    },
    stop() {
      stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
