/** Messages as they come, for whoever keeps a connection open (server-sent events of the HTML standard). */
import type { TestMessage } from '../content/message.js'
import { isTestMailError } from '../errors.js'
import type { TestMail } from '../test-mail.js'
import { summaryOf } from './describe.js'
import { stream } from './respond.js'

/** ms between two signs of life. */
const BEAT = 15_000

/** Those behind `Last-Event-ID`, or from now on; the event's id is the message's `sequence`. */
export function eventStream(mail: TestMail, request: Request): Response {
  const last = request.headers.get('last-event-id')
  let after = last === null ? mail.mark() : { sequence: Number(last) || 0 }
  const encoder = new TextEncoder()
  return stream(
    new ReadableStream({
      // At once: without an octet a client would not know that it is heard.
      start: (controller) => controller.enqueue(encoder.encode('retry: 1000\n\n')),
      async pull(controller) {
        try {
          const message = await nextOrNull(mail, after, request.signal)
          if (message) after = message
          controller.enqueue(encoder.encode(message ? eventOf(message) : ': nothing new\n\n'))
        } catch {
          // The client went away, or the server ends.
          controller.close()
        }
      },
    }),
  )
}

async function nextOrNull(
  mail: TestMail,
  since: { readonly sequence: number },
  signal: AbortSignal,
): Promise<TestMessage | null> {
  try {
    return await mail.waitFor(undefined, { since, signal, timeout: BEAT })
  } catch (error) {
    if (isTestMailError(error) && error.code === 'timeout') return null
    throw error
  }
}

function eventOf(message: TestMessage): string {
  return `id: ${message.sequence}\nevent: message\ndata: ${JSON.stringify(summaryOf(message))}\n\n`
}
