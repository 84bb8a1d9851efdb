/** Certificates made by openssl, for servers of tests. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestIdentity {
  readonly cert: string
  readonly key: string
}

/** Runs openssl in a folder of its own. */
function within<T>(work: (folder: string, openssl: (...args: string[]) => void) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-relay-'))
  try {
    return work(folder, (...args) => void execFileSync('openssl', args, { stdio: 'ignore', cwd: folder }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A self-signed certificate. `days`: negative ones are over. */
export function selfSigned(name: string): TestIdentity {
  return within((folder, openssl) => {
    const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
    openssl('req', '-x509', ...NEW_KEY, '-days', '2', ...names, '-keyout', 'key.pem', '-out', 'cert.pem')
    return read(folder)
  })
}

/** An authority of our own. */
export function authority(): TestIdentity {
  return within((folder, openssl) => {
    const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
    const files = ['-keyout', 'key.pem', '-out', 'cert.pem']
    openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', '/CN=Test Authority', ...extensions, ...files)
    return read(folder)
  })
}

/** A certificate that an authority has signed. `expired`: it was good until yesterday. */
export function signedBy(issuer: TestIdentity, name: string, expired = false): TestIdentity {
  return within((folder, openssl) => {
    writeFileSync(join(folder, 'ca.pem'), issuer.cert)
    writeFileSync(join(folder, 'ca-key.pem'), issuer.key)
    openssl('req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', 'key.pem', '-out', 'request.pem')
    writeFileSync(join(folder, 'extensions'), `subjectAltName=DNS:${name}\n`)
    const from = ['-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial']
    const days = expired ? '-1' : '2'
    openssl('x509', ...from, '-days', days, '-extfile', 'extensions', '-out', 'cert.pem')
    return read(folder)
  })
}

function read(folder: string): TestIdentity {
  return { cert: readFileSync(join(folder, 'cert.pem'), 'utf8'), key: readFileSync(join(folder, 'key.pem'), 'utf8') }
}
