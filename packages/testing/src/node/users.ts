import { normaliseAddress } from '@posthouse/store-api'
import { type CredentialVerifier, equalConstantTime, fromUtf8, type Identity, verifyPasswords } from '@posthouse/wire'
import type { TestMailOptions, TestUser } from '../options.js'

/** Who there is, and who may log in. */
export interface Users {
  /** `null`: everybody. */
  readonly known: ReadonlySet<string> | null
  /** The account of a user name: an address has its own, a bare name one of the server's domain. */
  accountOf(user: string): string
  /** As the protocols ask for it; `null`: nobody may log in. */
  readonly verifier: CredentialVerifier | null
}

export function usersOf({ users = 'auto', auth }: TestMailOptions, domain: string): Users {
  const seeds: readonly TestUser[] =
    users === 'auto' ? [] : users.map((one) => (typeof one === 'string' ? { address: one } : one))
  const known = users === 'auto' ? null : new Set(seeds.map(({ address }) => accountOf(address)))
  const passwords = new Map<string, string>()
  for (const { address, password } of seeds) if (password !== undefined) passwords.set(accountOf(address), password)

  function accountOf(user: string): string {
    const address = user.includes('@') ? user : `${user}@${domain}`
    return normaliseAddress(address) ?? user
  }

  function identityOf(user: string): Identity | null {
    const account = accountOf(user)
    return known === null || known.has(account) ? { account } : null
  }

  function verifier(): CredentialVerifier | null {
    if (auth === 'off') return null
    if (auth === undefined || auth === 'any') {
      return {
        password: ({ user, password }) => {
          const wanted = passwords.get(accountOf(user))
          return wanted === undefined || same(wanted, password) ? identityOf(user) : null
        },
        bearer: ({ user }) => identityOf(user ?? 'token'),
      }
    }
    if (typeof auth === 'function') return verifyPasswords(auth)
    if (isVerifier(auth)) return auth
    const given = new Map(Object.entries(auth).map(([user, password]) => [accountOf(user), password]))
    return verifyPasswords((user, password) => {
      const wanted = given.get(accountOf(user))
      return wanted !== undefined && same(wanted, password) ? identityOf(user) : null
    })
  }

  return { known, accountOf, verifier: verifier() }
}

function same(wanted: string, given: string): boolean {
  return equalConstantTime(fromUtf8(wanted), fromUtf8(given))
}

const METHODS = ['password', 'bearer', 'scram', 'certificate', 'sharedSecret']

function isVerifier(auth: object): auth is CredentialVerifier {
  return METHODS.some((name) => typeof (auth as Record<string, unknown>)[name] === 'function')
}
