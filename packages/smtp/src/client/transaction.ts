/**
 * One mail transaction (RFC 5321 §3.3), as many of its commands in one write as the server allows:
 *
 * - PIPELINING and CHUNKING, a small message: MAIL, RCPT and all of the message leave together.
 * - PIPELINING alone: MAIL, RCPT and DATA leave together, the message follows 354.
 * - neither: one command at a time.
 */
import type { Conversation, Heard } from './conversation.js'
import type { Replied, ServerReply } from './engine/index.js'
import type { TransactionPlan } from './envelope.js'
import { connectionFailure, hungUp, refusedBy, SmtpClientError, withDetails } from './errors.js'
import type { SmtpClientLimits } from './limits.js'
import type { OpenedMessage } from './message.js'
import type { RecipientOutcome } from './outcome.js'
import { contentError } from './preparation.js'

/** What a transaction is made with. */
export interface TransactionOptions {
  readonly conversation: Conversation
  readonly limits: SmtpClientLimits
  /** Something of the last transaction is left over at the server: say RSET first. */
  readonly reset: boolean
  readonly plan: TransactionPlan
  readonly message: OpenedMessage
  /** MAIL has BODY=BINARYMIME. */
  readonly binary: boolean
}

/** What it came to. */
export interface TransactionResult {
  /** One for each recipient of the plan. */
  readonly outcomes: readonly RecipientOutcome[]
  /** RSET must be said before the next one. */
  readonly dirty: boolean
}

/** Octets that are collected before they are written. */
const WRITE_SIZE = 65_536

/** Never rejects: what went wrong is in the outcomes, and in `conversation.failure` when the connection is over. */
export async function runTransaction(options: TransactionOptions): Promise<TransactionResult> {
  const run = new Transaction(options)
  let general: SmtpClientError | null = null
  try {
    await run.play()
  } catch (reason) {
    general = connectionFailure(reason)
    // What is no trouble of the message's is one of this package's, and leaves the dialogue in an unknown state.
    if (general.code !== 'source' && general.code !== 'content') general = options.conversation.cut(general)
  }
  const outcomes = run.outcomes(general)
  if (run.unreset) options.conversation.cut(run.unreset)
  return { outcomes, dirty: run.dirty }
}

class Transaction {
  /** The server may think that a transaction is going on. */
  dirty = true
  /** RSET was refused: whatever is refused behind it may be so because of the last transaction. */
  unreset: SmtpClientError | null = null
  readonly #options: TransactionOptions
  readonly #errors: (SmtpClientError | null)[]
  readonly #accepted: boolean[]
  readonly #final: (ServerReply | null)[]
  /** With PRDR, what was said for each recipient: it counts when the reply for all is positive. */
  #provisional: (ServerReply | null)[] | null = null
  /** MAIL was refused, or DATA, or a chunk, or all of the message. */
  #failed: SmtpClientError | null = null
  /** All octets have been said. */
  #complete = false

  constructor(options: TransactionOptions) {
    const { recipients } = options.plan
    this.#options = options
    this.#errors = recipients.map(() => null)
    this.#accepted = recipients.map(() => false)
    this.#final = recipients.map(() => null)
  }

  async play(): Promise<void> {
    const { conversation, limits, plan, message, binary } = this.#options
    const { engine } = conversation
    const pipelined = engine.capabilities?.has('PIPELINING') ?? false
    const chunking = engine.capabilities?.has('CHUNKING') ?? false
    const ahead = pipelined ? limits.pipeline - 1 : 0
    if (this.#options.reset) {
      conversation.say({ type: 'rset' })
      await this.#settle(ahead)
    }
    conversation.say({ type: 'mail', reversePath: plan.reversePath, parameters: plan.parameters })
    for (const { mailbox, parameters } of plan.recipients) {
      await this.#settle(ahead)
      if (this.#failed) break
      conversation.say({ type: 'rcpt', forwardPath: mailbox, parameters })
    }
    const small = message.whole !== null && message.whole.length <= limits.eagerMessage
    const eager = pipelined && !this.#failed && (chunking ? small : true)
    if (!eager) {
      await this.#settle(0)
      if (this.#failed || !this.#accepted.includes(true)) return
    }
    if (chunking) return this.#sendChunks(pipelined, eager, binary)
    await this.#settle(ahead)
    conversation.say({ type: 'data' })
    await this.#settle(0)
    if (engine.state === 'data') await this.#sendData()
  }

  /** RFC 3030 §2. */
  async #sendChunks(pipelined: boolean, eager: boolean, binary: boolean): Promise<void> {
    const { conversation, limits } = this.#options
    conversation.say({ type: 'bdat', binary })
    const hear = (event: Heard): void => {
      this.#take(event)
      if (this.#failed) throw this.#failed
    }
    try {
      for await (const piece of this.#options.message.pieces((work) => conversation.until(work, hear))) {
        for (let at = 0; at < piece.length; at += limits.chunk) {
          this.#sayOctets(at === 0 && piece.length <= limits.chunk ? piece : piece.subarray(at, at + limits.chunk))
          // A small message waits for its end: it leaves in one write with MAIL and RCPT.
          if (eager) continue
          await conversation.flush(limits.dataBlock, hear)
          await this.#settle(pipelined ? limits.chunksAhead : 0)
          if (this.#failed) throw this.#failed
        }
      }
    } catch (reason) {
      // The server is between two chunks: the transaction is lost, the connection is not.
      if (!conversation.failure) await this.#settle(0)
      if (reason === this.#failed) return
      throw reason
    }
    await this.#end()
  }

  /** RFC 5321 §4.1.1.4. */
  async #sendData(): Promise<void> {
    const { conversation, limits } = this.#options
    // RFC 2920 §3.1: a server that takes a message for nobody gets an empty one.
    if (!this.#accepted.includes(true)) return this.#end()
    const hear = (event: Heard): void => this.#take(event)
    let waiting = 0
    try {
      for await (const piece of this.#options.message.pieces((work) => conversation.until(work, hear))) {
        for (let at = 0; at < piece.length; at += WRITE_SIZE) {
          this.#sayOctets(at === 0 && piece.length <= WRITE_SIZE ? piece : piece.subarray(at, at + WRITE_SIZE))
          waiting += Math.min(WRITE_SIZE, piece.length - at)
          if (waiting < WRITE_SIZE) continue
          waiting = 0
          await conversation.flush(limits.dataBlock, hear)
        }
      }
    } catch (reason) {
      // Nothing but the end of the connection tells the server that this message is not to be delivered.
      throw conversation.cut(connectionFailure(reason))
    }
    await this.#end()
  }

  #sayOctets(octets: Uint8Array): void {
    const { conversation } = this.#options
    conversation.say({ type: 'octets', octets })
    const { defect } = conversation.engine
    if (defect) throw contentError(defect)
  }

  async #end(): Promise<void> {
    const { conversation } = this.#options
    try {
      conversation.say({ type: 'end' })
    } catch (reason) {
      // A CR at the very end is a bare one.
      const { defect } = conversation.engine
      if (!defect) throw reason
      if (conversation.engine.state === 'data') conversation.cut(contentError(defect))
      throw contentError(defect)
    }
    this.#complete = true
    await this.#settle(0)
    this.dirty = this.#failed !== null
  }

  /** Hears replies until so many commands wait at most. */
  async #settle(outstanding: number): Promise<void> {
    const { conversation, limits } = this.#options
    while (conversation.engine.outstanding > outstanding) {
      const ms = timeFor(conversation.engine.waitingFor, limits)
      // RFC 2920 §3.2: a server may keep its replies until it has dealt with everything that was said.
      this.#take(await conversation.next(this.#complete ? Math.max(ms, limits.dataEnd) : ms))
    }
  }

  #take(event: Heard): void {
    const { conversation } = this.#options
    if (event.type === 'challenge')
      throw conversation.cut(new SmtpClientError('protocol', 'a challenge that nobody wants'))
    const { reply } = event
    if (event.type === 'closing')
      throw conversation.cut(refusedBy(reply, reply.code === 421 ? 'connection' : 'message'))
    const { command, recipient } = event
    // RFC 2033 §4.2: what is said for one recipient is nothing about those whose replies were to follow.
    const forOne = command === 'message' && recipient !== null && !this.#provisional
    if (reply.code !== 421 || forOne) this.#note(command, reply, recipient)
    // RFC 5321 §3.8: the connection is over, whatever the command was.
    if (reply.code === 421) throw conversation.cut(forOne ? hungUp() : refusedBy(reply, command))
  }

  #note(command: Replied, reply: ServerReply, recipient: number | null): void {
    const positive = reply.code < 400
    if (command === 'RCPT' && recipient !== null) {
      // RFC 2920 §3.1: behind a MAIL that was refused, "503 no MAIL" says nothing about the recipient.
      if (this.#failed) return
      this.#accepted[recipient] = positive
      if (!positive) this.#errors[recipient] = this.#refusal(reply, command, recipient)
    } else if (command === 'message') {
      if (reply.code === 353) this.#provisional = this.#final.map(() => null)
      else if (recipient === null) this.#noteForAll(reply)
      else if (!positive) this.#errors[recipient] = this.#refusal(reply, command, recipient)
      else (this.#provisional ?? this.#final)[recipient] = reply
    } else if (!positive && (command === 'MAIL' || command === 'DATA' || command === 'BDAT')) {
      this.#failed ??= refusedBy(reply, command)
    } else if (!positive && command === 'RSET') {
      this.unreset = new SmtpClientError('connection', refusedBy(reply, command).message)
    }
  }

  /** draft-hall-prdr: behind the replies for each it decides whether the server has the message at all. */
  #noteForAll(reply: ServerReply): void {
    if (reply.code >= 400) {
      this.#failed ??= refusedBy(reply, 'message')
      return
    }
    for (const [i, yes] of this.#accepted.entries()) {
      if (yes && !this.#errors[i]) this.#final[i] = this.#provisional?.[i] ?? reply
    }
  }

  #refusal(reply: ServerReply, command: Replied, recipient: number): SmtpClientError {
    return refusedBy(reply, command, this.#options.plan.recipients[recipient].address)
  }

  /** What is known of each recipient; `general` is why the rest is not. */
  outcomes(general: SmtpClientError | null): RecipientOutcome[] {
    return this.#options.plan.recipients.map(({ address }, index) => {
      const reply = this.#final[index]
      if (reply) return { address, accepted: true, reply }
      const error = (general ? null : this.unreset) ?? this.#errors[index] ?? this.#failed ?? general
      if (!error) {
        const message = 'the server has not said what became of the message'
        return { address, accepted: false, error: new SmtpClientError('protocol', message, { recipient: address }) }
      }
      // A server may have taken all of it before it said a word, to RCPT as to the rest (RFC 2920 §3.2).
      const mayBeDelivered = error === general && error.reply === null && this.#complete
      return { address, accepted: false, error: withDetails(error, { recipient: address, mayBeDelivered }) }
    })
  }
}

function timeFor(command: Replied | null, limits: SmtpClientLimits): number {
  if (command === 'RCPT') return limits.recipient
  if (command === 'DATA') return limits.dataStart
  if (command === 'message') return limits.dataEnd
  return limits.command
}
