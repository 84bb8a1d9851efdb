import type { GeneratedMessage } from './generate.js'

/** Where our answers differ from Dovecot's on purpose. Each rule says why it may, and what is left to compare. */
interface Rule {
  readonly why: string
  readonly about: (command: string) => boolean
  /** Is the message (by its number) still to be compared? */
  readonly compares: (message: GeneratedMessage) => boolean
}

/** A Date field that no reader can read, or none. */
const undated = ({ octets }: GeneratedMessage): boolean => !/^Date: \w{3}, \d/m.test(octets)

const RULES: readonly Rule[] = [
  {
    why: `RFC 9051 §6.4.4 does not say what SENTBEFORE and its kin make of a message without a Date. Dovecot takes
      1 January 1970 for it; we take INTERNALDATE, as RFC 5256 §2.2 has it for SORT.`,
    about: (command) => command.includes(' SENT'),
    compares: (message) => !undated(message),
  },
  {
    why: `Dovecot writes addresses anew before it searches in them, with angle brackets around each. We search in what
      the message says: a bare address has no bracket to find.`,
    about: (command) => /(FROM|TO) "<bob"/.test(command),
    compares: () => false,
  },
]

/** Both answers without what a rule explains. */
export function explained(
  command: string,
  answers: readonly [ours: string, theirs: string],
  messages: readonly GeneratedMessage[],
): readonly [ours: string, theirs: string] {
  const rules = RULES.filter(({ about }) => about(command))
  if (rules.length === 0) return answers
  const left = (answer: string): string =>
    answer
      .split(' ')
      .filter((word) => {
        const message = messages[Number(word) - 1]
        return !message || rules.every(({ compares }) => compares(message))
      })
      .join(' ')
  return [left(answers[0]), left(answers[1])]
}
