import { type ChildProcess, spawn } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../dovecot.js'

/** A dnsmasq of our own that knows a few names and asks nobody. */
export interface DnsServer {
  /** `address:port`, as resolvers take it. */
  readonly address: string
  stop(): Promise<void>
}

/** `lines`: what goes into its configuration: `mx-host=…`, `host-record=…`, `cname=…`. */
export async function startDns(lines: readonly string[]): Promise<DnsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-dns-'))
  const port = await freePort()
  const file = join(folder, 'dnsmasq.conf')
  writeFileSync(
    file,
    [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'user=root',
      // What it does not know does not exist: it asks nobody else.
      'local=/test/',
      ...lines,
      '',
    ].join('\n'),
  )
  const child: ChildProcess = spawn('dnsmasq', ['--keep-in-foreground', `--conf-file=${file}`, '--pid-file='], {
    stdio: 'ignore',
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const address = `127.0.0.1:${port}`
  await answering(address, child)
  return {
    address,
    async stop() {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answering(address: string, child: ChildProcess): Promise<void> {
  const resolver = new Resolver({ timeout: 200, tries: 1 })
  resolver.setServers([address])
  for (let wait = 0; wait < 50; wait++) {
    if (child.exitCode !== null) throw new Error('dnsmasq did not start')
    try {
      await resolver.resolve4('nobody.test')
    } catch (error) {
      const { code } = error as { readonly code?: string }
      if (code === 'ENOTFOUND' || code === 'ENODATA') return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('dnsmasq does not answer')
}
