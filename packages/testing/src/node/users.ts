import { normaliseAddress } from '@posthouse/store-api'
import { type CredentialVerifier, equalConstantTime, fromUtf8, verifyPasswords } from '@posthouse/wire'
import type { TestMailOptions } from '../options.js'

/** Who may log in, as the protocols ask for it; `null`: nobody. */
export function verifierOf(auth: TestMailOptions['auth'], domain: string): CredentialVerifier | null {
  if (auth === 'off') return null
  const identity = (user: string): { account: string } => ({ account: accountOf(user, domain) })
  if (auth === undefined || auth === 'any') {
    return {
      password: ({ user }) => identity(user),
      bearer: ({ user }) => identity(user ?? 'token'),
    }
  }
  if (typeof auth === 'function') return verifyPasswords(auth)
  if (isVerifier(auth)) return auth
  const passwords = new Map(Object.entries(auth))
  return verifyPasswords((user, password) => {
    const wanted = passwords.get(user)
    return wanted !== undefined && equalConstantTime(fromUtf8(wanted), fromUtf8(password)) ? identity(user) : null
  })
}

/** The account of a user name: an address has its own, a bare name one of the server's domain. */
export function accountOf(user: string, domain: string): string {
  const address = user.includes('@') ? user : `${user}@${domain}`
  return normaliseAddress(address) ?? user
}

const METHODS = ['password', 'bearer', 'scram', 'certificate', 'sharedSecret']

function isVerifier(auth: object): auth is CredentialVerifier {
  return METHODS.some((name) => typeof (auth as Record<string, unknown>)[name] === 'function')
}
