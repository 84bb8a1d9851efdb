import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import type { Settings } from './settings.js'

const TEN_YEARS = 10 * 365 * 24 * 60 * 60 * 1000

/** The certificate and key to serve with: the files that were named, or one made at first start and kept. */
export async function loadCertificate(settings: Settings): Promise<{ cert: string; key: string }> {
  if (settings.tls)
    return { cert: await readFile(settings.tls.cert, 'utf8'), key: await readFile(settings.tls.key, 'utf8') }
  const cert = join(settings.data, 'certificate.pem')
  const key = join(settings.data, 'key.pem')
  if (!existsSync(cert) || !existsSync(key)) await makeCertificate(settings, cert, key)
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
}

async function makeCertificate(settings: Settings, cert: string, key: string): Promise<void> {
  const names = ['localhost', ...settings.domains, ...settings.domains.map((domain) => `mail.${domain}`)]
  const made = await generate([{ name: 'commonName', value: names[0] }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + TEN_YEARS),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [...names.map((value) => ({ type: 2 as const, value })), { type: 7 as const, ip: '127.0.0.1' }],
      },
    ],
  })
  await mkdir(settings.data, { recursive: true })
  await writeFile(key, made.private, { mode: 0o600 })
  await writeFile(cert, made.cert)
}
