/** Certificates as `node:crypto`, OpenSSL and clients see them. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CertificateKind, createTestAuthority, startTestMail } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'

const NOW = Date.UTC(2026, 2, 10)
const NAMES = ['localhost', 'mail.example.test', '127.0.0.1', '::1', '2001:db8::25', '::ffff:192.0.2.1']

function parse(kind: CertificateKind) {
  const authority = createTestAuthority(NOW)
  const { cert, key } = authority.issue(kind, NAMES)
  const leaf = new X509Certificate(cert)
  expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true)
  return { leaf, ca: new X509Certificate(authority.ca), cert, authority }
}

test('a good one: chain, names, addresses, a year around now', () => {
  const { leaf, ca } = parse('good')
  expect(ca.ca).toBe(true)
  expect(leaf.ca).toBe(false)
  expect(leaf.verify(ca.publicKey)).toBe(true)
  expect(leaf.checkIssued(ca)).toBe(true)
  for (const name of ['localhost', 'mail.example.test']) expect(leaf.checkHost(name)).toBe(name)
  for (const address of ['127.0.0.1', '::1', '2001:db8::25', '::ffff:192.0.2.1'])
    expect(leaf.checkIP(address)).toBe(address)
  expect(leaf.checkHost('other.test')).toBeUndefined()
  expect([new Date(leaf.validFrom).getTime(), new Date(leaf.validTo).getTime()]).toEqual([
    NOW - 86_400_000,
    NOW + 365 * 86_400_000,
  ])
})

test('one that has expired, one for another host, one by nobody', () => {
  const expired = parse('expired').leaf
  expect(new Date(expired.validTo).getTime()).toBeLessThan(NOW)
  const wrong = parse('wrong-host').leaf
  expect(NAMES.filter((name) => (isIP(name) ? wrong.checkIP(name) : wrong.checkHost(name)))).toEqual([])
  const { leaf, ca } = parse('self-signed')
  expect(leaf.verify(ca.publicKey)).toBe(false)
  expect(leaf.verify(leaf.publicKey)).toBe(true)
})

test('dates beyond 2049', () => {
  const authority = createTestAuthority(Date.UTC(2060, 0, 2))
  expect(new Date(new X509Certificate(authority.ca).validTo).getUTCFullYear()).toBe(2061)
})

test('OpenSSL accepts the chain, strictly', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-certificates-'))
  try {
    const authority = createTestAuthority(Date.now())
    writeFileSync(join(folder, 'ca.pem'), authority.ca)
    writeFileSync(join(folder, 'leaf.pem'), authority.issue('good', NAMES).cert)
    const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost']
    const out = execFileSync('openssl', [...args, '-CAfile', join(folder, 'ca.pem'), join(folder, 'leaf.pem')])
    expect(out.toString()).toContain('leaf.pem: OK')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('material of one own, and options that do not go together', async () => {
  const authority = createTestAuthority(Date.now())
  const { cert, key } = authority.issue('good', ['localhost'])
  await using mail = await startTestMail({ tls: { cert, key } })
  const tls = { ca: authority.ca, servername: 'localhost' }
  await createTransport({ ...mail.transport(), tls, requireTLS: true }).sendMail({
    from: 'app@example.test',
    to: 'ada@example.test',
    text: 'x',
  })
  expect(mail.messages[0].origin?.tls?.protocol).toBe('TLSv1.3')
  await expect(startTestMail({ tls: 'none', smtps: true })).rejects.toMatchObject({ code: 'options' })
})
