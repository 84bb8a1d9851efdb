import { playTranscript } from '@posthouse/wire/testing'
import { message, type TestServer, testServer } from '../servers.js'

/** What a server has before the dialogue begins. */
export type Setup = (made: TestServer) => Promise<void>

/**
 * Plays a dialogue after an example of an RFC, to a client that has logged in. Not a copy: numbers, mailboxes and sequence
 * sets are scaled to what the set-up makes, and lines have the form of this server. `{*}` stands for what differs by its
 * nature: dates, ids, words behind a code.
 */
export async function playExample(
  text: string,
  setup?: Setup,
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
export function mailboxes(...names: readonly string[]): Setup {
  return async (made) => {
    const account = await made.account()
    for (const name of names) await account.commit?.([{ op: 'create', path: name.split('/') }])
  }
}

/** Subscribes to names, whether they are of mailboxes or not. */
export function subscriptions(...names: readonly string[]): (made: TestServer) => Promise<void> {
  return async (made) => {
    const account = await made.account()
    for (const name of names) await account.commit?.([{ op: 'subscribe', path: name.split('/'), on: true }])
  }
}

/** Puts so many short messages into a mailbox. */
export function messages(count: number, path: readonly string[] = ['INBOX']): Setup {
  return async (made) => {
    for (let i = 1; i <= count; i++) await made.deliver(message(`Subject: ${i}`, '', `Number ${i}.`), { path })
  }
}

/** One set-up after the other. */
export function all(...steps: readonly Setup[]): Setup {
  return async (made) => {
    for (const step of steps) await step(made)
  }
}

/** As `playExample`, to a client that has enabled IMAP4rev2: the answers are those that RFC 9051 prints. */
export function playRev2(
  text: string,
  setup?: (made: TestServer) => Promise<void>,
  options?: Parameters<typeof testServer>[0],
): Promise<void> {
  return playExample(
    `
    C: l2 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: l2 OK ENABLE completed
    ${text}`,
    setup,
    options,
  )
}
