/** What other programs are told of a test server. */
import { join } from 'node:path'
import type { Endpoints, MailServer, TransportOptions } from '../test-mail.js'

/** The file of an authority, which is written when it is asked for and removed with its server. */
export interface CaFile {
  path(): string
  remove(): void
}

export function createCaFile(ca: string): CaFile {
  let folder: string | null = null
  return {
    path() {
      if (folder === null) {
        // Few tests need a file, and each waits for what is imported.
        const { mkdtempSync, writeFileSync } = process.getBuiltinModule('node:fs')
        const { tmpdir } = process.getBuiltinModule('node:os')
        folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
        writeFileSync(join(folder, 'ca.pem'), ca)
      }
      return join(folder, 'ca.pem')
    },
    remove() {
      if (folder !== null) process.getBuiltinModule('node:fs').rmSync(folder, { recursive: true, force: true })
      folder = null
    },
  }
}

/** @param caFile `null`: there is no TLS. */
export function environmentOf(endpoints: Endpoints, prefix: string, caFile: CaFile | null): Record<string, string> {
  const { http, ...mail } = endpoints
  const env: Record<string, string> = {}
  for (const [name, endpoint] of Object.entries(mail)) {
    if (!endpoint) continue
    const key = `${prefix}${name.toUpperCase()}`
    env[`${key}_HOST`] = endpoint.host
    env[`${key}_PORT`] = String(endpoint.port)
    env[`${key}_URL`] = endpoint.url
  }
  if (http) env[`${prefix}TEST_MAIL_URL`] = http.url
  if (caFile) env.NODE_EXTRA_CA_CERTS = caFile.path()
  return env
}

export function transportOf({ smtp, ca }: Pick<MailServer, 'smtp' | 'ca'>): TransportOptions {
  const { host, port, tls: secure } = smtp
  return { host, port, secure, ...(ca !== '' && { tls: { ca, servername: 'localhost' } }) }
}

export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
