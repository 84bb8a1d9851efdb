/**
 * Faults below the protocol: a wrapper around any server that can answer in its place, and cut, slow, mute or replace
 * what crosses the connection. It uses the same engine contract that a listener uses.
 */
import { fromUtf8, type Link, NEED_DATA, type Protocol, type Session } from '@posthouse/wire'
import { pause } from '../clock.js'
import type { AnyEngine, AnyEvent, Controls, Dialect, Step, Surroundings } from './dialect.js'
import { createOutlet } from './outlet.js'
import type { FaultAction } from './script.js'

export interface FaultyProtocol extends Protocol {
  /** By the id of the link. */
  readonly controls: ReadonlyMap<string, Controls>
}

/** Why a connection ended that a script has cut. */
const DROPPED = 'scripted: dropped'

/** Puts faults between a protocol and its listener. Costs nothing but a look into an empty book while there are none. */
export function withFaults(protocol: Protocol, dialect: Dialect, around: Surroundings): FaultyProtocol {
  const controls = new Map<string, Controls>()
  /** Of connections that go over to TLS: they are as slow behind it. */
  const rates = new Map<string, number>()
  return {
    name: protocol.name,
    controls,
    connect(link) {
      const made = connectFaulty(protocol, dialect, around, link)
      controls.set(link.id, made.controls)
      const rate = rates.get(link.id)
      if (rate !== undefined) made.controls.throttle(rate)
      rates.delete(link.id)
      const { session } = made
      const { closed } = session
      session.closed = (reason) => {
        if (controls.get(link.id) === made.controls) controls.delete(link.id)
        if (reason.type === 'upgraded' && made.controls.rate > 0) rates.set(link.id, made.controls.rate)
        return closed?.(reason)
      }
      return made
    },
  }
}

function connectFaulty(protocol: Protocol, dialect: Dialect, around: Surroundings, link: Link) {
  const { book } = around
  const dialogue = dialect.dialogue(link)
  const outlet = createOutlet(link, {
    ended() {
      around.problem(link.id, DROPPED)
      shown.close()
    },
    ...(dialogue.wrote && { wrote: dialogue.wrote }),
  })
  /** `stalled`: what comes is thrown away. `hello`: the next octets are answered with something that is no TLS. */
  let input: 'read' | 'stalled' | 'hello' = 'read'
  /** Octets of the client's message before the cut. */
  let left = Number.POSITIVE_INFINITY
  /** Octets of the client that throttling has not waited for. */
  let owed = 0
  let replacement: readonly string[] | null = null
  /** Octets of the server's lines before the cut, for the transcript. */
  let audible = Number.POSITIVE_INFINITY

  const changes: Pick<Link, 'flush' | 'sent' | 'close'> = {
    flush: () => link.flush() ?? (outlet.rate > 0 ? outlet.drained() : undefined),
    sent() {
      const sent = link.sent()
      // What is throttled is held here, as views, and has not come to the link yet.
      return outlet.drained()?.then(() => link.sent()) ?? sent
    },
    close() {
      if (input === 'stalled') return
      if (outlet.rate > 0) void link.flush()
      const drained = outlet.drained()
      if (drained) drained.then(() => link.close())
      else link.close()
    },
  }
  // Whatever else a link has, or will have, is the real one's.
  const shown: Link = Object.assign(Object.create(link), changes)
  const { engine, session } = protocol.connect(shown)
  dialogue.opened?.(engine)

  const controls: Controls = {
    drop(after, of) {
      if (after === 0) return link.abort(DROPPED)
      if (of === 'client') left = after
      else outlet.cutBehind((audible = after))
    },
    async replace(pieces) {
      await link.flush()
      replacement = pieces
      outlet.swallows = true
    },
    throttle: (octetsPerSecond) => outlet.throttle(octetsPerSecond),
    get rate() {
      return outlet.rate
    },
    stall() {
      void link.flush()
      outlet.mute()
      input = 'stalled'
    },
    heard(line) {
      if (outlet.swallows || outlet.muted || audible <= 0) return null
      const part = line.slice(0, audible)
      audible -= line.length + 2
      return part
    },
  }

  const faultyEngine: AnyEngine = {
    receive(chunk) {
      if (input === 'stalled') return
      if (input === 'hello') {
        outlet.say(fromUtf8('this is no TLS\r\n'))
        return link.close()
      }
      owed += outlet.rate > 0 ? chunk.length : 0
      engine.receive(chunk)
    },
    ...(engine.release && { release: () => engine.release?.() }),
    receiveEnd: () => engine.receiveEnd(),
    next: () => (input === 'read' ? engine.next() : NEED_DATA),
    send: (reply) => engine.send(reply),
    takeOutput: () => outlet.pass(engine.takeOutput()),
  }

  /** Lets the session answer; then says what shall stand in the answer's place, or waits until a slow answer is out. */
  function answered(done: void | Promise<void>): void | Promise<void> {
    return done ? done.then(afterwards) : afterwards()
  }

  function afterwards(): void | Promise<void> {
    if (replacement) return saysInstead()
    if (outlet.rate > 0) return Promise.resolve(link.flush()).then(() => outlet.drained())
  }

  async function saysInstead(): Promise<void> {
    const pieces = replacement ?? []
    replacement = null
    outlet.pass(engine.takeOutput())
    outlet.swallows = false
    if (!dialogue.wrote) around.said(link.id, pieces.join(''))
    for (const piece of pieces) {
      outlet.say(fromUtf8(piece))
      await link.flush()
      await pause(1, link.signal)
    }
  }

  /** True when the event has been answered. */
  async function perform(action: FaultAction, event: AnyEvent | null, step: Step): Promise<boolean> {
    switch (action.type) {
      case 'delay':
        await pause(action.ms, link.signal)
        return false
      case 'run':
        await attempt(step, action.run)
        return false
      case 'stall':
        controls.stall()
        return true
      case 'throttle':
        controls.throttle(action.octetsPerSecond)
        return false
      case 'drop':
        controls.drop(action.after, action.of)
        return action.after === 0
      case 'drop-mid-literal':
        outlet.cutInLiteral()
        return false
      case 'raw':
        await controls.replace(action.pieces)
        return false
      case 'fail-handshake':
        if (!event) return false
        outlet.say(fromUtf8(`${dialogue.readyForTls(event)}\r\n`))
        if (!dialogue.wrote) around.said(link.id, dialogue.readyForTls(event))
        input = 'hello'
        return true
      case 'line':
      case 'reply':
        if (event && dialogue.answersFirst?.(step, action)) {
          await session.handle(event)
          await link.flush()
        }
        if (dialogue.answer(event, action, engine)) shown.close()
        return true
      default:
        if (event) await attempt(step, () => dialogue.perform?.(action, event))
        return false
    }
  }

  async function attempt({ name }: Step, act: () => void | Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      around.surprised(`a fault at ${name}`, error)
    }
  }

  async function faulty(event: AnyEvent | null, step: Step, go: () => void | Promise<void>): Promise<void> {
    const situation = around.situation(step.argument, link.remote.address)
    const { names } = step
    const at = { protocol: dialect.protocol, step: step.name, situation, ...(names && { names }) }
    for (const action of book.due(at, dialect.types)) {
      if (await perform(action, event, step)) return
    }
    await answered(go())
  }

  /** Waits as long as the octets take that have come since the last time, and until everything said is out. */
  async function slowly(): Promise<void> {
    const octets = owed
    owed = 0
    await outlet.drained()
    if (octets > 0) await pause((octets / outlet.rate) * 1000, link.signal)
  }

  function handle(event: AnyEvent): void | Promise<void> {
    dialogue.heard?.(event)
    // Counted in the message, and not as octets come in: its front may come in one packet with the command.
    if (left < Number.POSITIVE_INFINITY) {
      left -= dialogue.messageOctets?.(event) ?? Number.NEGATIVE_INFINITY
      if (left <= 0) return link.abort(DROPPED)
    }
    const refusal = dialogue.refused?.(event)
    if (refusal) return void dialogue.answer(event, refusal, engine)
    const step = book.empty ? null : dialogue.step(event)
    const go = (): void | Promise<void> => session.handle(event)
    const handled = () => (step ? faulty(event, step, go) : answered(go()))
    return outlet.rate > 0 ? slowly().then(handled) : handled()
  }

  const faultySession: Session<AnyEvent> = {
    handle,
    start() {
      const go = (): void | Promise<void> => session.start?.()
      if (!dialect.greets || link.upgraded || book.empty) return answered(go())
      return faulty(null, { name: 'greeting', argument: '' }, go)
    },
    timedOut: () => session.timedOut?.(),
    failed: (error) => session.failed?.(error),
    closed(reason) {
      dialogue.closed?.()
      return session.closed?.(reason)
    },
    ...(session.shutdown && { shutdown: () => session.shutdown?.() }),
  }
  return { engine: faultyEngine, session: faultySession, controls }
}

/** Resolves when the connection is over. */
export function gone({ signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
