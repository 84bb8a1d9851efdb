import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server's certificate for `localhost` and 127.0.0.1, and a client's for `anna`, both signed by one authority. */
export interface TestCertificates {
  readonly authority: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

export function makeCertificates(): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-certificates-'))
  const file = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  try {
    openssl('req', '-x509', ...key, '-subj', '/CN=Test authority', '-keyout', file('ca.key'), '-out', file('ca.pem'))
    const issue = (name: string, subject: string, altNames: string): { cert: string; key: string } => {
      const names = ['-subj', subject, '-addext', `subjectAltName=${altNames}`]
      const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:false']
      openssl('req', '-x509', ...key, ...names, ...signer, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`))
      return { cert: readFileSync(file(`${name}.pem`), 'utf8'), key: readFileSync(file(`${name}.key`), 'utf8') }
    }
    return {
      authority: readFileSync(file('ca.pem'), 'utf8'),
      server: issue('server', '/CN=localhost', 'DNS:localhost,IP:127.0.0.1'),
      client: issue('client', '/CN=anna', 'email:anna@example.org'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
