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

/** Rights without c and d. */
const letters = (rights: string): string =>
  [...rights]
    .filter((one) => !'cd'.includes(one))
    .sort()
    .join('')

function rightsInOrder(response: string): string {
  const [star, name, mailbox, ...rest] = response.split(' ')
  if (name === 'MYRIGHTS') return `${name} ${mailbox} ${letters(rest[0])}`
  if (name === 'LISTRIGHTS') return [star, name, mailbox, ...rest.slice(0, 2), ...rest.slice(2).sort()].join(' ')
  if (name !== 'ACL') return response
  const entries = rest.flatMap((who, i) =>
    i % 2 === 0 && rest[i + 1] !== '""' ? [`${who} ${letters(rest[i + 1])}`] : [],
  )
  return [star, name, mailbox, ...entries.sort()].join(' ')
}

/** Literals of one line as quoted strings. */
function quoted(response: string): string {
  return response.replace(/\{\d+\}\r\n([^\r\n]*)\)$/, (_, value: string) => `"${value.replaceAll('\\', '\\\\')}")`)
}

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
    left: (response) => response.replace(/\\Has(No)?Children ?/g, '').replace(' )', ')'),
  },
  {
    why: `RFC 9051 §6.3.4: CREATE with a delimiter at the end says that children will come. Dovecot makes a name that
      cannot be selected, we a mailbox as any other.`,
    about: /^LIST /,
    left: without(/ ?\\Noselect/g),
  },
  {
    why: 'RFC 5530 has codes for it: CANNOT and NONEXISTENT.',
    about:
      /^(DELETE INBOX|(STATUS|SELECT) (\{7\+\}\\r\\n)?nowhere|SELECT \{0\+\}|GETQUOTA nothing|SETQUOTA|[GS]ETMETADATA nowhere|AUTHENTICATE NONSENSE)/,
    left: without(/ \[(CANNOT|NONEXISTENT|NOPERM|ALERT)\]/g),
  },
  {
    why: 'The items of STATUS come in the order in which they were asked, or in any other.',
    about: /^STATUS (sarasoop|INBOX \(SIZE UNSEEN)/,
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
    about: /^(STORE 1 \+FLAGS \(\\Seen\)|EXPUNGE|UID EXPUNGE 1:\*)$/,
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
  {
    why: `RFC 4314 §3.6 to §3.8: rights and who has them come in any order; §2.1.1: c and d are for old clients, and a
      server chooses what they stand for. An entry without rights may be there or not (§3.1).`,
    about: /^(GETACL|MYRIGHTS|LISTRIGHTS) /,
    left: rightsInOrder,
  },
  {
    why: 'A mailbox that is not there has no rights: Dovecot tells some.',
    about: /^(MY|LIST)RIGHTS nowhere/,
    left: null,
  },
  { why: 'RFC 5464 §5: a value is an nstring: quoted or a literal.', about: /^GETMETADATA /, left: quoted },
  {
    why: `RFC 5464 §4.2.1 and §4.2.2 have the options behind the name in their examples, and before it in the grammar. We
      take both, Dovecot does not.`,
    about: /^GETMETADATA INBOX \(MAXSIZE/,
    left: null,
  },
  {
    why: 'RFC 5464 §4.3: what is annotated by whom is the matter of a server. Of Dovecot it takes administrators.',
    about: /^SETMETADATA "" \(\/shared/,
    left: null,
  },
  {
    why: 'RFC 5464 §5: a value may be a literal8, with NUL in it. Dovecot takes text only.',
    about: /METADATA INBOX \(?\/private\/vendor\/bin/,
    left: null,
  },
  {
    why: 'RFC 5465 §3.1 says what STATUS has in it at least. Dovecot tells UNSEEN, too, we HIGHESTMODSEQ.',
    about: /^NOTIFY SET STATUS (?!.*FlagChange)/,
    left: without(/ (UNSEEN|HIGHESTMODSEQ) \w+/g),
  },
  {
    why: 'RFC 5465 §6.3: inboxes are where mail is delivered, or all mailboxes for who does not know.',
    about: /INBOXES \(MessageNew/,
    left: without(/^\* STATUS other .*/g),
  },
  {
    why: 'RFC 5465 §5.6, §5.7: these events are there where METADATA is. Dovecot has them not.',
    about: /^NOTIFY SET \(PERSONAL \(MailboxMetadataChange/,
    left: null,
  },
  {
    why: 'RFC 5465 §3.1: BADEVENT lists the events that there are, in parentheses. Dovecot lists the one that is not.',
    about: /AnnotationChange/,
    left: (response) => response.replace(/BADEVENT .*\]/, 'BADEVENT]'),
  },
  {
    why: `RFC 5465 §3.1: an event that is unknown is a NO, not a BAD; §6.1: the selected mailbox has events of messages
      only; §8: SET has at least one group. Dovecot sees it otherwise.`,
    about: /^NOTIFY SET( STATUS| \(PERSONAL \(NonsenseEvent\)\)| \(SELECTED \(MailboxName\)\))?$/,
    left: null,
  },
  {
    why: 'RFC 5465 §3.1: NOTIFY SET tells what has happened before, whatever it asks for. Dovecot only if it asks for it.',
    about: /^NOTIFY SET \(PERSONAL \(MessageNew MessageExpunge\)\)$/,
    left: without(/^\* \d+ (EXISTS|RECENT)$/g),
  },
  {
    why: 'Each message was saved when it came.',
    about: /^FETCH 1 \(?SAVEDATE/,
    left: without(/(?<=SAVEDATE ")[^"]+/g),
  },
  {
    why: 'RFC 5465 §5.1: with NOTIFY, changes of flags come with the UID. Dovecot leaves it out.',
    about: /^CHECK$/,
    left: (response) => response.replace(/(FETCH \(FLAGS \([^)]*\)) UID \d+\)$/, '$1)'),
  },
  {
    why: 'RFC 5267 §5: CANCELUPDATE is a command of the selected state. Elsewhere Dovecot says NO.',
    about: /^CANCELUPDATE "/,
    left: (response) => response.replace('BAD', 'NO'),
  },
  {
    why: 'RFC 4978 §3: BAD for an argument that is unknown. Dovecot says NO.',
    about: /^COMPRESS NONSENSE/,
    left: (response) => (/^tag (BAD|NO)/.test(response) ? '' : response),
  },
  {
    why: 'Each has its own.',
    about: /^(CAPABILITY|LOGIN|AUTHENTICATE)/,
    left: without(/CAPABILITY .*(?=\])/g, /^\* CAPA.*/g),
  },
  {
    why: 'RFC 5161 §3.1: ENABLE has arguments, and its time is behind the login. Dovecot does not mind.',
    about: /^ENABLE( CONDSTORE IMAP4rev2)?$/,
    left: null,
  },
  {
    why: 'RFC 9051 §6.2.2: BAD where a response is not base64. Dovecot says NO, as for a wrong password.',
    about: /^AUTHENTICATE PLAIN(\\r\\n!nonsense| \w+ NONSENSE)/,
    left: (response) => (/^tag (BAD|NO)/.test(response) ? '' : response),
  },
  {
    why: 'RFC 9051 §9: nothing stands behind these commands, and no line end in a name. Dovecot does not look, or says NO.',
    about: /^((NOOP|CAPABILITY|CHECK) NONSENSE|CREATE \{4\+\})/,
    left: null,
  },
  {
    why: 'RFC 6154 §3, §6: USE has a list, and what cannot be is refused (USEATTR). Dovecot does not look.',
    about: /^CREATE (Nonsense|Wrong) \(/,
    left: null,
  },
  {
    why: 'RFC 5464 §5, RFC 5256 §5: one entry at least, one REVERSE at most. Dovecot takes none, and two.',
    about: /^([GS]ETMETADATA INBOX \(\)|SORT \(REVERSE REVERSE ARRIVAL\) .*)$/,
    left: null,
  },
  {
    why: 'RFC 5256 §5: no space where there is no thread.',
    about: /^THREAD REFS UTF-8 FROM nobody/,
    left: (response) => response.trimEnd(),
  },
]

/** What is left of an answer when all that has an explanation is taken away. */
export function unexplained(line: string, heard: readonly string[]): string {
  const command = line.replace(/^2: /, '')
  let left = [...heard]
  for (const rule of RULES) {
    if (!rule.about.test(command)) continue
    const { left: keep } = rule
    if (!keep) return ''
    left = left.map(keep).filter((response) => response !== '')
  }
  return left.sort().join('\n')
}
