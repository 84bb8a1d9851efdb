/** What a message needs of this server, and what is done when the server has it not. */

import { concat, hasEightBit } from '@posthouse/wire'
import type { SmtpCapabilities } from '../syntax/capabilities.js'
import { ContentWriter, type OutgoingContentRule } from './engine/index.js'
import type { MessageNeeds } from './envelope.js'
import { SmtpClientError } from './errors.js'
import { collect, inMemory, type OpenedMessage } from './message.js'

/** A message as it will be sent. */
export interface PreparedMessage {
  readonly message: OpenedMessage
  readonly needs: MessageNeeds
  readonly converted: boolean
}

export interface PreparationOptions {
  /** What the caller says about the body; default: it is looked at. */
  readonly body: MessageNeeds['body'] | undefined
  readonly smtputf8: boolean
  readonly content: OutgoingContentRule
  readonly downgrade: 'convert' | 'refuse'
  /** Octets that may be kept in memory for a conversion. */
  readonly limit: number
}

/**
 * Makes a message fit for a server.
 * @throws SmtpClientError `unsupported` 5.6.3 when it cannot be converted or must not be; `content`.
 */
export async function prepareMessage(
  message: OpenedMessage,
  capabilities: SmtpCapabilities | null,
  options: PreparationOptions,
): Promise<PreparedMessage> {
  const has = (keyword: string): boolean => capabilities?.has(keyword) ?? false
  const { smtputf8 } = options
  const body = options.body ?? (message.eightBit === false ? '7BIT' : '8BITMIME')
  const as = (needs: Omit<MessageNeeds, 'smtputf8' | 'size'>, other = message): PreparedMessage => ({
    message: other,
    needs: { ...needs, size: other.size, smtputf8 },
    converted: other !== message && other.whole !== message.whole,
  })
  if (body === 'BINARYMIME') {
    if (has('BINARYMIME') && has('CHUNKING')) return as({ body })
    const target = has('8BITMIME') ? '8bit' : '7bit'
    return as({ body: target === '8bit' ? '8BITMIME' : '7BIT' }, await convert(message, target, 'BINARYMIME', options))
  }
  if (body === '7BIT' || has('8BITMIME')) {
    refuseControls(message, options)
    return as({ body: has('8BITMIME') ? body : '7BIT' })
  }
  // The caller did not say, and the front of the message does not: all of it is looked at.
  if (message.again && !message.whole) {
    const other = (await holdsEightBit(message)) ? await convert(message, '7bit', '8BITMIME', options) : message
    return as({ body: '7BIT' }, other)
  }
  const whole = inMemory(await collect(message, options.limit))
  if (!hasEightBit(whole.whole as Uint8Array)) {
    refuseControls(whole, options)
    return { message: whole, needs: { body: '7BIT', size: whole.size, smtputf8 }, converted: false }
  }
  return as({ body: '7BIT' }, await convert(whole, '7bit', '8BITMIME', options))
}

/** Reads a stored message without keeping it: however long it is, it may go as it stands. */
async function holdsEightBit(message: OpenedMessage): Promise<boolean> {
  if (message.eightBit) return true
  for await (const piece of message.pieces()) if (hasEightBit(piece)) return true
  return false
}

/**
 * The message for a server that takes `target` at most; `null` when it cannot be converted. What it takes to convert is loaded for
 * the first message that needs it.
 */
export async function convertMessage(message: Uint8Array, target: '7bit' | '8bit'): Promise<Uint8Array | null> {
  const { convertNow } = await import('./conversion.js')
  return convertNow(message, target)
}

async function convert(
  message: OpenedMessage,
  target: '7bit' | '8bit',
  lacking: string,
  options: PreparationOptions,
): Promise<OpenedMessage> {
  let octets = await collect(message, options.limit)
  // Lines that are to be encoded must be lines; in a binary message they are whatever they are.
  if (lacking === '8BITMIME') octets = normalize(octets, options.content)
  const converted = options.downgrade === 'convert' ? await convertMessage(octets, target) : null
  if (converted) return inMemory(converted)
  const why = options.downgrade === 'convert' ? 'the message cannot be converted' : 'conversion is not allowed'
  throw new SmtpClientError('unsupported', `the server has no ${lacking}, and ${why}`, {
    enhanced: '5.6.3',
    command: 'MAIL',
  })
}

/** A message in memory that must not be sent is refused before anything is said. */
function refuseControls({ whole }: OpenedMessage, { content }: PreparationOptions): void {
  if (whole && content === 'reject') normalize(whole, content)
}

function normalize(octets: Uint8Array, rule: OutgoingContentRule): Uint8Array {
  const writer = new ContentWriter('counted', rule)
  const pieces: Uint8Array[] = []
  writer.write(octets, pieces)
  writer.end(pieces)
  if (writer.defect) throw contentError(writer.defect)
  return concat(pieces)
}

export function contentError(defect: string): SmtpClientError {
  return new SmtpClientError('content', `the message holds a ${defect}`, { enhanced: '5.6.0', command: 'message' })
}
