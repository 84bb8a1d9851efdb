/** A connection to a milter: the engine with its transport. */
import type { ClientConnection } from '@posthouse/wire'
import { ConnectionError } from '@posthouse/wire'
import { createMilterEngine, type MilterEngine, type MilterEvent } from '../engine/index.js'
import { MilterError } from '../errors.js'
import type { MilterCommand, MilterModification, MilterOptions, MilterVerdict } from '../syntax/index.js'
import type { MilterLimits } from './limits.js'

/** The clock that time-outs go by. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after so many ms. */
  delay(ms: number): Promise<void>
}

/** Opens a connection to a milter; `milterAt` of `@posthouse/milter/node` makes one from an address. */
export type ConnectMilter = (options: {
  /** ms until the connection stands. */
  readonly timeout: number
}) => Promise<ClientConnection>

type Command = Exclude<MilterCommand, { type: 'negotiate' }>

/** Takes the changes that come at the end of a message; `refused`: they were not agreed on. */
export type TakeModification = (modification: MilterModification, refused: boolean) => void

export interface MilterLink {
  readonly options: MilterOptions
  /** True when it has served a session before. */
  readonly used: boolean
  /** Between two sessions: since when. */
  restingSince: number
  /**
   * Says a command and waits for the verdict; `continue` where the milter gives none.
   * @throws MilterError
   */
  ask(
    command: Command,
    clock: Clock,
    macros?: readonly (readonly [string, string])[],
    take?: TakeModification,
  ): Promise<MilterVerdict>
  /** Says that the session is over and keeps the connection. False when it cannot be used again. */
  rest(now: number): boolean
  /** Behind `rest`: false when the milter has ended the connection, or said what nobody has asked for. */
  alive(): Promise<boolean>
  /** Says goodbye and closes it. */
  quit(): void
  /** Closes it at once. */
  destroy(): void
}

const CONTINUE: MilterVerdict = { type: 'continue' }

/**
 * Connects and negotiates.
 * @throws MilterError
 */
export async function openMilterLink(
  connect: ConnectMilter,
  actions: number,
  limits: MilterLimits,
  clock: Clock,
): Promise<MilterLink> {
  const engine = createMilterEngine({ actions, packetLimit: limits.packet })
  const time = timeFor(clock, limits.connect, limits.connect)
  const connection = await connect({ timeout: limits.connect }).catch((error: unknown) => {
    throw new MilterError('connect', messageOf(error), { cause: error })
  })
  try {
    await flush(engine, connection, clock, ticker(limits.connect))
    const event = await nextEvent(engine, connection, time)
    if (event.type !== 'negotiated') throw new MilterError('protocol', 'it does not negotiate')
    return createLink(engine, connection, event.options, limits)
  } catch (error) {
    connection.destroy()
    throw error
  }
}

function createLink(
  engine: MilterEngine,
  connection: ClientConnection,
  options: MilterOptions,
  limits: MilterLimits,
): MilterLink {
  const tick = ticker(limits.command)
  let used = false

  async function verdict(clock: Clock, last: boolean, take: TakeModification | undefined): Promise<MilterVerdict> {
    const time = timeFor(clock, last ? limits.endOfMessage : limits.command, limits.message)
    for (;;) {
      const event = await nextEvent(engine, connection, time)
      if (event.type === 'verdict') return event.verdict
      if (event.type === 'modification' || event.type === 'refused') {
        take?.(event.modification, event.type === 'refused')
      }
    }
  }

  return {
    options,
    restingSince: 0,
    get used() {
      return used
    },
    async ask(command, clock, macros, take) {
      const due = engine.send(command, macros)
      const last = command.type === 'end-of-message'
      try {
        await flush(engine, connection, clock, tick)
        return due ? await verdict(clock, last, take) : CONTINUE
      } catch (error) {
        connection.destroy()
        throw error
      }
    },
    rest(now) {
      // The command is one of version 6, and is understood in few places.
      if (engine.state !== 'done' || options.version < 6) return false
      engine.send({ type: 'quit-new-connection' })
      void connection.write(engine.takeOutput())
      used = true
      this.restingSince = now
      return true
    },
    // A milter that sees no connect command, or does not answer it, would be found gone in the middle of a message.
    alive: () => connection.read(1).then(() => false, isTimeout),
    quit() {
      if (engine.state !== 'over') {
        engine.send({ type: 'quit' })
        void connection.write(engine.takeOutput())
      }
      connection.end().catch(() => {})
    },
    destroy: () => connection.destroy(),
  }
}

/**
 * How long to wait for the next octets: `silence` ms, as long as it is not `total` ms since now in all.
 * @throws MilterError `timeout` when it is.
 */
function timeFor(clock: Clock, silence: number, total: number): () => number {
  const until = clock.now() + total
  return () => {
    const left = until - clock.now()
    if (left <= 0) throw new MilterError('timeout', `no answer within ${total} ms`)
    return Math.min(silence, left)
  }
}

/** The next thing the milter says. */
async function nextEvent(
  engine: MilterEngine,
  connection: ClientConnection,
  time: () => number,
): Promise<Exclude<MilterEvent, { type: 'failed' }>> {
  for (;;) {
    const patience = time()
    const event = engine.next()
    if (event.type === 'failed') throw new MilterError(event.code, event.message)
    if (event.type !== 'need-data') return event
    const chunk = await connection.read(patience).catch((error: unknown) => {
      throw asMilterError(error)
    })
    if (chunk) engine.receive(chunk)
    else engine.receiveEnd()
  }
}

/** Resolves after `ms`; who asks again in the meantime waits for the same moment, as timers are not taken back. */
function ticker(ms: number): (clock: Clock) => Promise<number> {
  let running: Promise<number> | null = null
  return (clock) => {
    running ??= clock.delay(ms).then(() => {
      running = null
      return ms
    })
    return running
  }
}

/** Writes what the engine has to say. A milter that does not read must not hold us for ever. */
async function flush(
  engine: MilterEngine,
  connection: ClientConnection,
  clock: Clock,
  tick: (clock: Clock) => Promise<number>,
): Promise<void> {
  const output = engine.takeOutput()
  const written = output.length > 0 && connection.write(output)
  if (!written) return
  const done = written.then(() => 0)
  // The first tick may have begun before this was written.
  if ((await Promise.race([done, tick(clock)])) === 0) return
  const late = await Promise.race([done, tick(clock)])
  if (late > 0) throw new MilterError('timeout', `it has not read for ${late} ms`)
}

function isTimeout(error: unknown): boolean {
  return error instanceof ConnectionError && error.code === 'timeout'
}

function asMilterError(error: unknown): MilterError {
  return new MilterError(isTimeout(error) ? 'timeout' : 'lost', messageOf(error), { cause: error })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
