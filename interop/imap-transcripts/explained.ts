/** Where our answers differ from Dovecot's (2.3) on purpose. Each rule says why, and what is left to compare. */
interface Rule {
  readonly why: string
  readonly about: RegExp
  /** A response without what the rule explains; `null`: nothing of it is compared. */
  readonly left: ((response: string) => string) | null
}

const without =
  (...parts: readonly (string | RegExp)[]) =>
  (response: string): string =>
    parts.reduce<string>((text, part) => text.replaceAll(part, ''), response)

const RULES: readonly Rule[] = [
  {
    why: `RFC 7162 §3.1.2.1: HIGHESTMODSEQ is told with every SELECT. Dovecot tells it once CONDSTORE is enabled.`,
    about: /^(SELECT|EXAMINE) /,
    left: without('* OK [HIGHESTMODSEQ n]'),
  },
  {
    why: 'Dovecot lists keywords that no message has any more.',
    about: /^EXAMINE /,
    left: without(' other'),
  },
  {
    why: `RFC 5258 §4: a server may tell of children without being asked. Dovecot does so in a plain LIST only.`,
    about: /^LIST .*(\(|RETURN)/,
    left: without(/\\Has(No)?Children ?/g),
  },
  {
    why: `RFC 9051 §6.3.4: CREATE with a delimiter at the end says that children will come. Dovecot makes a name that
      cannot be selected, we a mailbox as any other.`,
    about: /^LIST /,
    left: without(/ ?\\Noselect/g),
  },
  {
    why: 'RFC 5530 has codes for it: CANNOT and NONEXISTENT.',
    about: /^(DELETE INBOX|(STATUS|SELECT) nowhere)/,
    left: without(/ \[\w+\]/g),
  },
  {
    why: 'The items of STATUS come in the order in which they were asked, or in any other.',
    about: /^STATUS sarasoop/,
    left: (response) => response.split(/[ ()]/).sort().join(' '),
  },
  { why: 'Ours has a namespace for what others share.', about: /^NAMESPACE/, left: null },
  {
    why: `RFC 9051 §6.4.5 does not say what a part is that is not there. Dovecot takes it for empty, and a text's part 1
      for the text itself; we say NIL.`,
    about: /^FETCH 2 BODY\.PEEK\[(4|1\.1)\]/,
    left: null,
  },
  {
    why: `RFC 3501 §2.3.2: nobody can set \\Recent. Dovecot takes it for an error, we leave it out.`,
    about: /^STORE 1 \+FLAGS \(\\Recent\)/,
    left: null,
  },
  {
    why: `RFC 9051 §6.3.3: nothing changes in a mailbox that was opened by EXAMINE. Dovecot says OK and does nothing; we
      say NO.`,
    about: /^(STORE 1 \+FLAGS \(\\Seen\)|EXPUNGE)$/,
    left: (response) => (/^tag (OK$|NO \[NOPERM\])/.test(response) ? '' : response),
  },
  {
    why: `What SENTBEFORE makes of a message without a Date: see interop/imap-search/explained.ts.`,
    about: /^SEARCH SENTBEFORE/,
    left: null,
  },
  {
    why: `RFC 7162 §3.2.4: where QRESYNC is offered, FETCH tells the UID once CONDSTORE is enabled; and what STORE tells
      of the modification sequence may tell the flags, too.`,
    about: /^(STORE|FETCH 1:\* FLAGS)/,
    left: (response) =>
      /MODSEQ|UID/.test(response) ? without(/ ?UID \d+/g, /FLAGS \([^)]*\) (?=MODSEQ)/g)(response) : response,
  },
  {
    why: `RFC 9051 §6.3.7: a name can be subscribed to that is no mailbox (yet). Dovecot wants the mailbox.`,
    about: /^(SUBSCRIBE Fruit\/Peach|LIST \(SUBSCRIBED)/,
    left: (response) => (/Fruit\/Peach|^tag (OK|NO)$/.test(response) ? '' : response),
  },
  {
    why: 'RFC 5258 §6: CHILDINFO is an astring, so it stands in quotes or not.',
    about: /RECURSIVEMATCH/,
    left: (response) => response.replace('"CHILDINFO"', 'CHILDINFO'),
  },
  { why: 'Who is asked, answers.', about: /^ID /, left: null },
  {
    why: 'RFC 5161 §3.2: ENABLED is told, also when it is empty. Dovecot says nothing then.',
    about: /^ENABLE NONSENSE/,
    left: without('* ENABLED'),
  },
  {
    why: 'RFC 3516 §4.3: data without a NUL should be a string, not a literal8. Dovecot always takes the latter.',
    about: /BINARY\.PEEK/,
    left: (response) => response.replace('~{', '{'),
  },
  {
    why: 'RFC 9051 §6.3.11: STATUS of the selected mailbox is discouraged, which Dovecot calls a bug of the client.',
    about: /^STATUS INBOX/,
    left: without(' [CLIENTBUG]'),
  },
]

/** What is left of an answer when all that has an explanation is taken away. */
export function unexplained(line: string, heard: readonly string[]): string {
  let left = [...heard]
  for (const rule of RULES) {
    if (!rule.about.test(line)) continue
    const { left: keep } = rule
    if (!keep) return ''
    left = left.map(keep).filter((response) => response !== '')
  }
  return left.sort().join('\n')
}
