/** One line of a dialogue. */
export interface SessionLine {
  /** `C`: the client said it, `S`: the server. */
  readonly dir: 'C' | 'S'
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Without its line end; passwords are `***`, messages are their size. */
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
  /** The dialogue (SMTP), at most 1,000 lines. */
  readonly lines: readonly SessionLine[]
  /** Messages it brought. */
  readonly messages: number
  /** Why it ended, when neither end said goodbye. */
  readonly problem: string | null
}

/** Sessions that are kept; older ones are forgotten. */
const KEPT = 1_000
const LINES = 1_000

type Open = {
  -readonly [K in keyof TestSession]: TestSession[K]
}

/** The book of all sessions. */
export interface SessionBook {
  readonly sessions: readonly TestSession[]
  readonly open: number
  started(id: string, protocol: TestSession['protocol'], remote: string): void
  said(id: string, dir: 'C' | 'S', line: string): void
  brought(id: string): void
  problem(id: string, text: string): void
  ended(id: string): void
  /** Calls when a session starts or ends, until the function it returns is called. */
  listen(change: () => void): () => void
  /** Sessions that ended without a message, for the error of a wait; `''` when there are none. */
  explain(): string
  clear(): void
}

export function createSessionBook(now: () => number): SessionBook {
  const book = new Map<string, Open>()
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of [...listeners]) listener()
  }
  const sessions = (): Open[] => [...book.values()]

  return {
    get sessions() {
      return sessions()
    },
    get open() {
      return sessions().filter(({ endedAt }) => endedAt === null).length
    },
    started(id, protocol, remote) {
      if (book.size >= KEPT) {
        const oldest = sessions().find(({ endedAt }) => endedAt !== null)
        if (oldest) book.delete(oldest.id)
      }
      book.set(id, { id, protocol, remote, startedAt: now(), endedAt: null, lines: [], messages: 0, problem: null })
      changed()
    },
    said(id, dir, line) {
      const lines = book.get(id)?.lines as SessionLine[] | undefined
      if (lines && lines.length < LINES) lines.push({ dir, at: now(), line })
    },
    brought(id) {
      const session = book.get(id)
      if (session) session.messages++
    },
    problem(id, text) {
      const session = book.get(id)
      if (session) session.problem ??= text
    },
    ended(id) {
      const session = book.get(id)
      if (!session) return
      session.endedAt = now()
      changed()
    },
    listen(change) {
      listeners.add(change)
      return () => void listeners.delete(change)
    },
    explain() {
      const failed = sessions().filter((one) => one.protocol === 'smtp' && one.messages === 0)
      if (failed.length === 0) return ''
      const shown = failed.slice(-5).map((one) => `  ${one.problem ?? story(one)}`)
      return [`Sessions without a message: ${failed.length}`, ...shown].join('\n')
    },
    clear() {
      for (const { id, endedAt } of sessions()) if (endedAt !== null) book.delete(id)
    },
  }
}

/** The first refusal, or how far the client came. */
function story({ lines, endedAt }: TestSession): string {
  const refusal = lines.find(({ dir, line }) => dir === 'S' && (line.startsWith('4') || line.startsWith('5')))
  if (refusal) {
    const before = lines.slice(0, lines.indexOf(refusal)).findLast(({ dir }) => dir === 'C')
    return `${before?.line ?? 'connecting'} was refused: ${refusal.line}`
  }
  const last = lines.findLast(({ dir }) => dir === 'C')
  const far = last ? `after ${last.line}` : 'before it said anything'
  return endedAt === null ? `the client is still connected, ${far}` : `the client left ${far}`
}
