import type { Tree } from './imap-tree.js'

/**
 * Where our answers differ from Dovecot's on purpose. Both sides are brought to one form; each rule says why it may.
 */
const RULES: readonly ((text: string) => string)[] = [
  // Encodings, dispositions and types are not case-sensitive (RFC 2045 §5.1, §6.1): we say them in lower case, Dovecot
  // as they were sent.
  (text) => text.toLowerCase(),
  // Unfolding takes the line break away and nothing else (RFC 5322 §2.2.3): we keep runs of white space as sent,
  // Dovecot makes one space of each.
  (text) => text.replace(/[ \t]+/g, ' '),
  // An address without a host or without a mailbox: NIL would make it a group (RFC 9051 §7.5.2), so something must
  // stand there. We say the empty string, Dovecot a made-up word.
  (text) => (text === 'missing_domain' || text === 'missing_mailbox' ? '' : text),
]

function normal(tree: Tree): Tree {
  if (tree === null) return null
  if (typeof tree === 'string') return RULES.reduce((text, rule) => rule(text), tree)
  return tree.map(normal)
}

/** True when both say the same, or differ only where a rule above says why. */
export function explain(ours: Tree, theirs: Tree): boolean {
  return JSON.stringify(normal(ours)) === JSON.stringify(normal(theirs))
}
