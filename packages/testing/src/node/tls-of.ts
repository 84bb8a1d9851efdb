/** The certificate of a test server, as its options want it. */
import { createTlsIdentity, type TlsIdentity } from '@posthouse/wire/node'
import { today } from '../clock.js'
import { TestMailError } from '../errors.js'
import type { TestMailOptions } from '../options.js'
import { createTestAuthority } from './certificates.js'

/** What is shown to clients. */
export interface Certified {
  readonly tls: TlsIdentity | null
  readonly ca: string
  /** What it mostly means when a client does not like it. */
  readonly hint: string
}

/** @throws TestMailError `options`: TLS from the first octet, and none. */
export function tlsOf({ tls, smtps, imaps, pop3s }: TestMailOptions, host: string): Certified {
  const implicit = smtps || imaps || pop3s
  const kind = tls ?? (implicit ? 'auto' : 'none')
  if (kind === 'none' && implicit)
    throw new TestMailError('options', "smtps, imaps and pop3s cannot be without TLS: tls is 'none'")
  if (kind === 'none') return { tls: null, ca: '', hint: '' }
  const trust = 'does the client trust mail.ca?'
  if (typeof kind === 'object') return { tls: createTlsIdentity(kind), ca: kind.cert, hint: trust }
  // Clients compare with the real date, whatever a test says of it.
  const authority = createTestAuthority(today())
  const names = [...new Set(['localhost', '127.0.0.1', '::1', host])]
  const material = authority.issue(kind === 'auto' ? 'good' : kind, names)
  const hint = kind === 'auto' ? trust : `the server was started with tls: '${kind}'`
  return { tls: createTlsIdentity(material), ca: authority.ca, hint }
}
