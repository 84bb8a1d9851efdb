import { playTranscript } from '@posthouse/wire/testing'
import { message, type TestServer, testServer } from '../servers.js'

/**
 * Plays an example as its RFC prints it, to a client that has logged in. What differs by its nature stands as `{*}`:
 * dates, ids, words behind a code. What no client sees a difference in is as this server writes it: atoms without
 * quotes, the order of attributes.
 */
export async function playExample(
  text: string,
  setup?: (made: TestServer) => Promise<void>,
  options: Parameters<typeof testServer>[0] = {},
): Promise<void> {
  const made = testServer(options)
  await setup?.(made)
  await playTranscript(
    made.server,
    `
    S: * OK {*}
    C: l1 LOGIN alice secret
    S: l1 OK {*}
    ${text}`,
  )
}

/** Makes mailboxes in their order, as commands would. */
export function mailboxes(...names: readonly string[]): (made: TestServer) => Promise<void> {
  return async (made) => {
    const account = await made.account()
    for (const name of names) await account.commit?.([{ op: 'create', path: name.split('/') }])
  }
}

/** Puts so many short messages into a mailbox. */
export function messages(count: number, path: readonly string[] = ['INBOX']): (made: TestServer) => Promise<void> {
  return async (made) => {
    for (let i = 1; i <= count; i++) await made.deliver(message(`Subject: ${i}`, '', `Number ${i}.`), { path })
  }
}

/** One set-up after the other. */
export function all(...steps: readonly ((made: TestServer) => Promise<void>)[]): (made: TestServer) => Promise<void> {
  return async (made) => {
    for (const step of steps) await step(made)
  }
}
