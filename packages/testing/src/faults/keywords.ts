/** The keywords of EHLO that scripts take away, and the commands that go with them. */
import type { SmtpSession } from '@posthouse/smtp'
import type { FaultAction, FaultSituation, ScriptBook } from './script.js'

const WITHOUT: ReadonlySet<FaultAction['type']> = new Set(['without'] as const)

/** What is hidden from each connection. */
export interface HiddenKeywords {
  /** The lines of a reply to EHLO, without those that are hidden from now on. */
  shown(lines: readonly string[], session: SmtpSession): readonly string[]
  /** True for the verb of a command whose keyword is hidden: an old server does not know it. */
  has(id: string, verb: string): boolean
  forget(id: string): void
}

export function hiddenKeywords(
  book: ScriptBook,
  situation: (argument: string, remote: string) => FaultSituation,
): HiddenKeywords {
  const hidden = new Map<string, ReadonlySet<string>>()

  return {
    shown(lines, { id, remote }) {
      hidden.delete(id)
      if (book.empty) return lines
      const at = { protocol: 'smtp', step: 'ehlo', situation: situation('', remote.address) } as const
      const words = book.due(at, WITHOUT).flatMap((action) => (action.type === 'without' ? action.keywords : []))
      if (words.length === 0) return lines
      const names = new Set(words.map((word) => word.toUpperCase()))
      hidden.set(id, names)
      return lines.filter((line) => !names.has(line.split(' ', 1)[0].toUpperCase()))
    },
    has: (id, verb) => hidden.get(id)?.has(verb) ?? false,
    forget: (id) => void hidden.delete(id),
  }
}
