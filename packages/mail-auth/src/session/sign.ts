/** The signatures of a message (RFC 6376 §5). */
import { fromLatin1 } from '@posthouse/wire'
import { dkimSign } from 'mailauth'
import { MailAuthError } from '../errors.js'
import { readSignature } from '../syntax/tags.js'
import type { LibraryHeader } from './blanks.js'
import type { DkimKey } from './dkim-sign.js'
import { type Readable, streamOf } from './feed.js'

/** What a reader sees; one that is added later breaks the signature, also where there was none (RFC 6376 §8.15). */
const SEALED = ['From', 'Reply-To', 'Subject', 'To', 'Cc']
/** Servers on the way may add these where they are missing, but no second one. */
const SEALED_IF_THERE = ['Sender', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type', 'Content-Transfer-Encoding']
const OTHERS =
  'Content-ID:Content-Description:Resent-Date:Resent-From:Resent-Sender:Resent-To:Resent-Cc:Resent-Message-ID:' +
  'In-Reply-To:References:List-Id:List-Help:List-Unsubscribe:List-Unsubscribe-Post:List-Subscribe:List-Post:List-Owner:List-Archive'
const DEFAULT_FIELDS = [...SEALED, ...SEALED_IF_THERE, ...OTHERS.split(':')]
/** Base64 characters of an RSA signature of 1,024 bits (RFC 8301 §3.2). */
const SHORTEST_RSA = 172

/** The signature fields that go in front of the message, made with each of the keys. Throws MailAuthError. */
export async function signaturesOf(
  message: Readable,
  size: number,
  keys: readonly Required<DkimKey>[],
  now: number,
  fields: readonly string[] = DEFAULT_FIELDS,
): Promise<Uint8Array> {
  const names = ['From', ...fields.filter((name) => name.toLowerCase() !== 'from')]
  const input = streamOf(message, size, { seen: (library) => seal(library, names) })
  const { signatures, errors } = await dkimSign(input, {
    canonicalization: 'relaxed/relaxed',
    signTime: new Date(now),
    headerList: names.join(':'),
    signatureData: keys.map(({ domain, selector, privateKey }) => ({ signingDomain: domain, selector, privateKey })),
  } as unknown as Parameters<typeof dkimSign>[1])
  const [problem] = errors as readonly { readonly err?: Error }[]
  const isWeak = signatures.split('DKIM-Signature:').some((value) => {
    const { plain, signature } = readSignature(value)
    return plain.startsWith('a=rsa') && signature.length < SHORTEST_RSA
  })
  if (problem || isWeak) {
    const err = isWeak ? new Error('an RSA key has 1,024 bits or more') : (problem.err ?? problem)
    const why = err instanceof Error ? err.message : String(err)
    throw new MailAuthError('key', `no DKIM signature for ${keys[0].domain}: ${why}`, { cause: err })
  }
  return fromLatin1(signatures)
}

/**
 * Names fields in `h=` once more than they are there. The library writes the names from the lowest field up, so they
 * go behind that of the highest.
 */
function seal({ headers }: LibraryHeader, signed: readonly string[]): void {
  if (!headers) return
  const names = new Set(signed.map((name) => name.toLowerCase()))
  const there = new Set(headers.parsed.map(({ key }) => key))
  const first = headers.parsed.find(({ key }) => typeof key === 'string' && names.has(key))
  if (!first) return
  const more = [...SEALED, ...SEALED_IF_THERE.filter((name) => there.has(name.toLowerCase()))]
  first.casedKey = [first.casedKey, ...more.filter((name) => names.has(name.toLowerCase()))].join(': ')
}
