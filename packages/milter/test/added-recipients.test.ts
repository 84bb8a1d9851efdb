/** Recipients that a milter adds or deletes, and the replies that the client hears for those that it has named. */
import {
  createSmtpServer,
  deliverTo,
  type EnvelopeRecipient,
  localRecipients,
  type Mailbox,
  type MailSender,
  passOn,
  prdrExtension,
  type RecipientOutcome,
  type SendResult,
  type ServerReply,
  SmtpClientError,
  type SmtpHandler,
} from '@posthouse/smtp'
import { createMemoryStore } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { milter } from '../src/index.js'
import { agree, fakeMilter } from './fake-milter.js'

/** One message to c and b; `replies`: to its end. */
async function send(
  edits: readonly string[],
  behind: readonly SmtpHandler[],
  prdr: boolean,
  replies: readonly string[],
) {
  const fake = fakeMilter((heard) => (heard.startsWith('E') ? [...edits, 'c'] : agree(heard)))
  const handlers = [prdrExtension(), ...behind.slice(0, -1), milter({ connect: fake.connect }), ...behind.slice(-1)]
  await playTranscript(
    createSmtpServer({ hostname: 'mx', handlers }),
    `
    S: 220 {*}
    C: EHLO x
    S: ...
    S: 250 {*}
    C: MAIL FROM:<>${prdr ? ' PRDR' : ''}
    S: 250 {*}
    C: RCPT TO:<c@example.org>
    S: 250 {*}
    C: RCPT TO:<b@example.org>
    S: 250 {*}
    C: DATA
    S: 354 {*}
    C: Subject: x
    C: .
${replies.map((one) => `    S: ${one}\n`).join('')}    C: QUIT
    S: 221 {*}
    `,
  )
}

const ADDED = '+<added@example.org>\0'
const FIRST = '-<c@example.org>\0'

/** A server behind, which says this to recipients by their local part; 250 to others. */
function sender(answers: Readonly<Record<string, readonly [code: number, enhanced: string]>>): MailSender {
  const said = ({ localPart, address }: Mailbox): RecipientOutcome => {
    const [code, enhanced] = answers[localPart] ?? [250, '2.0.0']
    const reply: ServerReply = { code, enhanced, text: [localPart] }
    if (code < 300) return { address, accepted: true, reply }
    return { address, accepted: false, error: new SmtpClientError('refused', localPart, { reply }) }
  }
  return {
    async send({ envelope }): Promise<SendResult> {
      const mailboxes = envelope.recipients.map((one) => (one as EnvelopeRecipient).address as Mailbox)
      return { recipients: mailboxes.map(said), accepted: [], rejected: [], dropped: [], converted: false }
    },
  }
}

test.each([
  ['SMTP: all take it', {}, false, [ADDED], ['250 2.0.0 c']],
  ['SMTP: the added one does not', { added: [452, '4.2.2'] }, false, [ADDED], ['452 4.2.2 added']],
  ['SMTP: one that was named does not', { b: [550, '5.1.1'] }, false, [ADDED], ['550 5.1.1 b']],
  ['PRDR: all take it', {}, true, [ADDED], ['353 {*}', '250 2.0.0 c', '250 2.0.0 b', '250 {*}']],
  [
    'PRDR: the added one does not',
    { added: [452, '4.2.2'] },
    true,
    [ADDED],
    ['353 {*}', '452 4.2.2 added', '250 2.0.0 b', '250 {*}'],
  ],
  [
    'PRDR: the added one and the second do not, the first is deleted',
    { added: [452, '4.2.2'], b: [550, '5.1.1'], c: [554, '5.0.0'] },
    true,
    [FIRST, ADDED],
    ['353 {*}', '452 4.2.2 added', '550 5.1.1 b', '452 {*}'],
  ],
  [
    'PRDR: the first is deleted, the second does not',
    { b: [550, '5.1.1'] },
    true,
    [FIRST],
    ['353 {*}', '250 2.0.0 {*}', '550 5.1.1 b', '250 {*}'],
  ],
] as const)('passed on by %s', async (_name, answers, prdr, edits, replies) => {
  await send(edits, [passOn(sender(answers))], prdr, replies)
})

test.each([
  ['who is here', '+<added@example.org>\0', ['353 {*}', '250 {*}', '250 {*}', '250 {*}']],
  ['nobody', '+<nobody@example.org>\0', ['353 {*}', '550 5.1.1 {*}', '250 {*}', '250 {*}']],
  ['in another domain', '+<x@example.net>\0', ['353 {*}', '550 5.1.1 {*}', '250 {*}', '250 {*}']],
])('delivered, with an added recipient: %s', async (_name, edit, replies) => {
  const store = createMemoryStore()
  for (const user of ['c', 'b', 'added']) {
    store.addAccount(user)
    store.addAddress(`${user}@example.org`, user)
  }
  await send([edit], [localRecipients(store, { domains: ['example.org'] }), deliverTo(store)], true, replies)
  const counts = ['c', 'b', 'added'].map(async (user) => (await (await store.open(user)).mailboxes())[0].messages)
  expect(await Promise.all(counts)).toEqual([1, 1, edit.includes('added') ? 1 : 0])
})
