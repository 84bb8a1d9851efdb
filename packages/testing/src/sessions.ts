/** One line of a dialogue. */
export interface SessionLine {
  /** `C`: the client said it, `S`: the server. */
  readonly dir: 'C' | 'S'
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Without its line end; passwords are `***`, messages and other long octets are their size. */
  readonly line: string
}

/** One connection of a client. */
export interface TestSession {
  readonly id: string
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  /** The client's address. */
  readonly remote: string
  readonly startedAt: number
  /** `null` while it is open. */
  readonly endedAt: number | null
  /** The dialogue, at most its first 1,000 lines. */
  readonly lines: readonly SessionLine[]
  /** Messages it brought. */
  readonly messages: number
  /** Why it ended, when neither end said goodbye. */
  readonly problem: string | null
}

/** Sessions that are kept; older ones are forgotten. */
const KEPT = 1_000
const LINES = 1_000
/** Errors of handlers that are kept. */
const SURPRISES = 100

type Open = {
  -readonly [K in keyof TestSession]: TestSession[K]
}

/** The book of all sessions, and of what went wrong in them by the test's own doing. */
export interface SessionBook {
  readonly sessions: readonly TestSession[]
  /** How many are open. */
  readonly open: number
  /** The ids of those that are in the middle of sending a message. */
  readonly inTransaction: readonly string[]
  started(id: string, protocol: TestSession['protocol'], remote: string): void
  said(id: string, dir: 'C' | 'S', line: string): void
  /** Tells how to see whether a session is in the middle of a message. */
  watch(id: string, busy: () => boolean): void
  brought(id: string): void
  /** The recipients of the message that comes now, as keys, once there can be no more; `null`: not known yet. */
  addressed(id: string, recipients: readonly string[] | null): void
  /** True when a session sends, or has sent last, a message of which is known that it is for others. */
  sendsToOthers(id: string, recipient: string): boolean
  /** What the client has said last. */
  lastWord(id: string): string
  problem(id: string, text: string): void
  ended(id: string): void
  /** A handler of the test threw, or a condition or action of a fault did. */
  surprise(where: string, error: unknown): void
  readonly surprises: readonly string[]
  /** Calls when an SMTP session starts, ends or says something, until the function it returns is called. */
  listen(change: (id: string) => void): () => void
  /** Sessions that ended without a message and handlers that threw, for the error of a wait; `''` when there are none. */
  explain(): string
  clear(): void
}

export function createSessionBook(now: () => number): SessionBook {
  const book = new Map<string, Open>()
  const busy = new Map<string, () => boolean>()
  const recipients = new Map<string, readonly string[]>()
  const listeners = new Set<(id: string) => void>()
  const surprises: string[] = []
  let open = 0
  const changed = (id: string): void => {
    for (const listener of [...listeners]) listener(id)
  }

  function makeRoom(): void {
    for (const { id, endedAt } of book.values()) {
      if (book.size < KEPT) return
      if (endedAt !== null) book.delete(id)
    }
  }

  return {
    get sessions() {
      return [...book.values()]
    },
    get open() {
      return open
    },
    get inTransaction() {
      return [...busy].filter(([, is]) => is()).map(([id]) => id)
    },
    started(id, protocol, remote) {
      if (book.size >= KEPT) makeRoom()
      open++
      book.set(id, { id, protocol, remote, startedAt: now(), endedAt: null, lines: [], messages: 0, problem: null })
      if (protocol === 'smtp') changed(id)
    },
    said(id, dir, line) {
      const session = book.get(id)
      if (!session) return
      if (session.lines.length < LINES) (session.lines as SessionLine[]).push({ dir, at: now(), line })
      if (session.protocol === 'smtp' && listeners.size > 0) changed(id)
    },
    watch(id, is) {
      if (book.has(id)) busy.set(id, is)
    },
    brought(id) {
      const session = book.get(id)
      if (session) session.messages++
    },
    addressed(id, to) {
      if (to && book.has(id)) recipients.set(id, to)
      else recipients.delete(id)
    },
    sendsToOthers: (id, recipient) => recipients.get(id)?.includes(recipient) === false,
    lastWord: (id) => lastOf(book.get(id)?.lines ?? []),
    problem(id, text) {
      const session = book.get(id)
      if (session) session.problem ??= text
    },
    ended(id) {
      busy.delete(id)
      const session = book.get(id)
      if (!session || session.endedAt !== null) return
      open--
      session.endedAt = now()
      if (session.protocol === 'smtp') changed(id)
      recipients.delete(id)
    },
    surprise(where, error) {
      if (surprises.length < SURPRISES) surprises.push(`${where} threw: ${String(error)}`)
    },
    get surprises() {
      return surprises
    },
    listen(change) {
      listeners.add(change)
      return () => void listeners.delete(change)
    },
    explain() {
      const failed = [...book.values()].filter((one) => one.protocol === 'smtp' && one.messages === 0)
      const lines: string[] = []
      if (failed.length > 0) lines.push(`Sessions without a message: ${failed.length}`)
      for (const one of failed.slice(-5)) lines.push(`  ${storyOf(one)}`)
      for (const one of surprises.slice(-5)) lines.push(one)
      return lines.join('\n')
    },
    clear() {
      for (const { id, endedAt } of [...book.values()]) if (endedAt !== null) book.delete(id)
    },
  }
}

function lastOf(lines: readonly SessionLine[]): string {
  return lines.findLast(({ dir }) => dir === 'C')?.line ?? 'connecting'
}

/** Why it came to nothing, the first refusal, or how far the client came. */
function storyOf({ lines, endedAt, problem }: TestSession): string {
  const refusal = refusalIn(lines)
  // A refusal explains what a client does then, but not what a script does.
  const scripted = problem?.startsWith('scripted:') === true
  if (refusal !== null && !scripted) return refusal
  const last = lines.findLast(({ dir }) => dir === 'C')
  const far = last ? `after ${last.line}` : 'before it said anything'
  if (problem !== null) return `${refusal === null ? '' : `${refusal}; then `}${problem}, ${far}`
  return endedAt === null ? `the client is still connected, ${far}` : `the client left ${far}`
}

function refusalIn(lines: readonly SessionLine[]): string | null {
  const at = lines.findIndex(({ dir, line }) => dir === 'S' && (line.startsWith('4') || line.startsWith('5')))
  return at === -1 ? null : `${lastOf(lines.slice(0, at))} was refused: ${lines[at].line}`
}
