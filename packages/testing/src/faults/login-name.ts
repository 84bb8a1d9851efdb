/** Who logs in, as far as the command says it: what `for` compares at the step `login`. */

/**
 * The user in a SASL initial response (RFC 4959, RFC 5034 §4), in base64.
 * @returns `''` where the mechanism does not tell it there, or the client waits with it for a challenge.
 */
export function userOfResponse(mechanism: string, response: string | undefined): string {
  if (response === undefined || response === '=') return ''
  const text = Buffer.from(response, 'base64').toString()
  const name = mechanism.toUpperCase()
  // RFC 4616 §2: authorization identity, NUL, authentication identity, NUL, password.
  if (name === 'PLAIN') return text.split('\0')[1] ?? ''
  if (name === 'LOGIN' || name === 'EXTERNAL') return text
  if (name === 'XOAUTH2') return between(text, 'user=', '\u0001')
  // RFC 5801 §4: `n,a=user,`. RFC 5802 §5.1: `n,,n=user,r=nonce`.
  if (name === 'OAUTHBEARER') return between(text, 'a=', ',')
  if (name.startsWith('SCRAM-')) return between(text, ',n=', ',').replaceAll('=2C', ',').replaceAll('=3D', '=')
  return ''
}

function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start)
  if (from === -1) return ''
  const to = text.indexOf(end, from + start.length)
  return text.slice(from + start.length, to === -1 ? text.length : to)
}
