/**
 * Long work of one command: it gives way to other connections, ends when its own connection has ended, costs no more
 * than the limits allow, and tells how far it is (RFC 9585) when it takes long.
 */
import { no, Refusal } from '../../syntax/status.js'
import { nextTurn, TURN } from '../next-turn.js'
import type { ImapSession } from '../session.js'

/** Steps after which they have it, whatever the clock says. */
const STEPS = 1_000

export class Work {
  readonly #session: ImapSession
  /** How many steps there will be; 0: nobody knows. */
  #goal = 0
  #done = 0
  #steps = 0
  #turn: number
  #told: number
  #opened = 0
  #octets = 0

  constructor(session: ImapSession) {
    this.#session = session
    this.#turn = this.#told = session.link.now()
  }

  /** So many steps are about to come. */
  expect(steps: number): void {
    this.#goal += steps
  }

  /** One more is done. A promise: others have their turn. */
  step(): void | Promise<void> {
    this.#done++
    return this.pause()
  }

  /**
   * A place to give way.
   * @throws Refusal when the connection has ended: there is nobody to search for.
   */
  pause(): void | Promise<void> {
    const { link } = this.#session
    if (link.signal.aborted) throw new Refusal(no('The connection is gone', 'UNAVAILABLE'))
    if (++this.#steps < STEPS && link.now() - this.#turn < TURN) return
    return this.#giveWay()
  }

  async #giveWay(): Promise<void> {
    const { link, limits } = this.#session
    if (link.now() - this.#told >= limits.progress) {
      this.#told = link.now()
      const slow = tellProgress(this.#session, this.#done, this.#goal)
      if (slow) await slow
    }
    await nextTurn()
    if (link.signal.aborted) throw new Refusal(no('The connection is gone', 'UNAVAILABLE'))
    this.#steps = 0
    this.#turn = link.now()
  }

  /**
   * Counts octets that are about to be read, and a message that is opened for it.
   * @throws Refusal beyond the limits.
   */
  open(octets: number, first: boolean): void {
    const { searchOpened, searchOctets } = this.#session.limits
    if (first) this.#opened++
    this.#octets += octets
    if (this.#opened > searchOpened || this.#octets > searchOctets) {
      throw new Refusal(no('Too much to read: search for less', 'LIMIT'))
    }
  }
}

/** `* OK [INPROGRESS ("A1" 454 1000)]` (RFC 9585 §4), where the extension is plugged in. Never within a response. */
function tellProgress(session: ImapSession, done: number, goal: number): void | Promise<void> {
  if (!session.parts.names.has('INPROGRESS')) return
  // RFC 9585 §5: what is done is less than the goal.
  const state = goal === 0 ? 'NIL NIL' : `${Math.min(done, goal - 1)} ${goal}`
  // RFC 9585 §4: a tag with the end of the code in it is not told.
  const tag = session.tag.includes(']') ? null : session.tag
  session.out.text('* OK [INPROGRESS (').nstring(tag).line(` ${state})] Still working`)
  return session.flush()
}

/** Waits for a store, and tells the client that it does when it takes long. */
export async function whileWaiting<T>(session: ImapSession, pending: Promise<T>): Promise<T> {
  if (!session.parts.names.has('INPROGRESS')) return pending
  let over = false
  const end = (): void => {
    over = true
  }
  const ended = pending.then(end, end)
  const { limits, link } = session
  let told = link.now()
  while (!over && !link.signal.aborted) {
    await Promise.race([ended, timeToTell(session)])
    await nextTurn()
    if (over || link.signal.aborted || link.now() - told < limits.progress) continue
    told = link.now()
    const slow = tellProgress(session, 0, 0)
    if (slow) await slow
  }
  return pending
}

/** One wait at a time on a connection, however many searches end before it does. */
function timeToTell({ values, link, limits }: ImapSession): Promise<void> {
  const begun = values.get('INPROGRESS') as Promise<void> | undefined
  if (begun) return begun
  const wait = link.delay(limits.progress).then(() => void values.delete('INPROGRESS'))
  values.set('INPROGRESS', wait)
  return wait
}
