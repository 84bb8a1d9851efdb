/**
 * What a client believes of the selected mailbox: only what it is told, and every sentence is checked against what was
 * told before. A contradiction is an error of the server.
 */

export interface Believed {
  /** `null`: EXISTS told of it, and nothing else yet. */
  uid: number | null
  /** Sorted, without `\Recent`. */
  flags: string | null
  modseq: number
}

/** What all clients of a mailbox know together, for things that never change. */
export interface Common {
  /** The stamp of each message by mailbox and UID: a UID never means another message. */
  readonly stamps: Map<string, string>
  /** In which selection of which client a message was `\Recent`: in one, or in none (RFC 3501 §2.3.2). */
  readonly recent: Map<string, string>
}

export class StateError extends Error {}

export class BelievedView {
  messages: Believed[] = []
  highest = 0
  uidValidity = 0
  /** What HIGHESTMODSEQ told last. */
  #toldHighest = 0
  /** The flags that FLAGS has listed, in lower case. */
  #listed: ReadonlySet<string> = new Set()
  #selections = 0

  constructor(
    readonly common: Common,
    readonly client: string,
    public mailbox: string,
    /** After ENABLE QRESYNC: VANISHED for EXPUNGE, and FETCH tells the UID. */
    readonly qresync: boolean,
  ) {}

  fail(what: string): never {
    throw new StateError(`${this.mailbox}: ${what}`)
  }

  exists(count: number): void {
    if (count < this.messages.length) this.fail(`EXISTS ${count} where ${this.messages.length} messages are known`)
    while (this.messages.length < count) this.messages.push({ uid: null, flags: null, modseq: 0 })
  }

  expunge(number: number): void {
    if (this.qresync) this.fail('EXPUNGE where VANISHED was enabled')
    if (number < 1 || number > this.messages.length) this.fail(`EXPUNGE ${number} of ${this.messages.length}`)
    this.messages.splice(number - 1, 1)
  }

  vanished(set: string): void {
    if (!this.qresync) this.fail('VANISHED that nobody enabled')
    for (const uid of membersOf(set)) {
      let at = this.messages.findIndex((one) => one.uid === uid)
      if (at === -1) at = this.#unknownAround(uid)
      if (at === -1) this.fail(`VANISHED ${uid}, which is not known`)
      this.messages.splice(at, 1)
    }
  }

  /** A message that EXISTS told of and FETCH did not (it was gone by then), between those with smaller and larger UIDs. */
  #unknownAround(uid: number): number {
    const larger = this.messages.findIndex((one) => one.uid !== null && one.uid > uid)
    const at = (larger === -1 ? this.messages.length : larger) - 1
    return at >= 0 && this.messages[at].uid === null ? at : -1
  }

  /** What FETCH tells of a message. */
  fetched(number: number, items: string): void {
    const one = this.messages[number - 1]
    if (!one) this.fail(`FETCH of message ${number} of ${this.messages.length}`)
    const uid = /(?:^|[ (])UID (\d+)/.exec(items)
    if (uid) this.#learnUid(one, number, Number(uid[1]))
    else if (this.qresync) this.fail('FETCH without UID where QRESYNC was enabled')
    const modseq = /(?:^|[ (])MODSEQ \((\d+)\)/.exec(items)
    if (modseq) {
      if (Number(modseq[1]) < one.modseq) this.fail(`MODSEQ of message ${number} went back`)
      one.modseq = Number(modseq[1])
      // RFC 7162 §3.2: a client may take it for the mailbox's own.
      this.highest = Math.max(this.highest, one.modseq)
    }
    const flags = /(?:^|[ (])FLAGS \(([^)]*)\)/.exec(items)
    if (flags) {
      one.flags = sortFlags(flags[1])
      for (const flag of one.flags.split(' ')) {
        if (flag !== '' && !this.#listed.has(flag.toLowerCase())) this.fail(`${flag} was not listed in FLAGS`)
      }
      if (one.uid !== null && flags[1].split(' ').includes('\\Recent')) this.#noteRecent(one.uid)
    }
    const stamp = /Message-ID: <([^>]*)>/.exec(items)
    if (stamp && one.uid !== null) this.stamp(one.uid, stamp[1])
  }

  #learnUid(one: Believed, number: number, uid: number): void {
    if (one.uid !== null && one.uid !== uid) this.fail(`message ${number} was UID ${one.uid} and is now ${uid}`)
    const before = this.messages[number - 2]?.uid ?? 0
    const behind = this.messages[number]?.uid ?? Number.POSITIVE_INFINITY
    if (uid <= before || uid >= behind)
      this.fail(`UID ${uid} of message ${number} stands between ${before} and ${behind}`)
    one.uid = uid
  }

  /** A message with this UID says this of itself. */
  stamp(uid: number, stamp: string, mailbox = this.mailbox): void {
    const key = `${mailbox} ${uid}`
    const known = this.common.stamps.get(key)
    if (known !== undefined && known !== stamp) this.fail(`UID ${uid} was message ${known} and is now ${stamp}`)
    this.common.stamps.set(key, stamp)
  }

  #noteRecent(uid: number): void {
    const me = `${this.client}, selection ${this.#selections}`
    const key = `${this.mailbox} ${uid}`
    const first = this.common.recent.get(key)
    if (first !== undefined && first !== me) this.fail(`UID ${uid} is recent here and was recent for ${first}`)
    this.common.recent.set(key, me)
  }

  recent(count: number): void {
    if (count > this.messages.length) this.fail(`RECENT ${count} of ${this.messages.length}`)
  }

  /** FLAGS lists what may be told of messages: it never becomes less. */
  flagsListed(flags: string): void {
    const listed = new Set(flags.toLowerCase().split(' '))
    for (const flag of this.#listed) if (!listed.has(flag)) this.fail(`FLAGS does not list ${flag} any more`)
    this.#listed = listed
  }

  /** It may be behind what messages have told, while an expunge is withheld; never behind what it was. */
  highestModSeq(modseq: number): void {
    if (modseq < this.#toldHighest) this.fail(`HIGHESTMODSEQ went from ${this.#toldHighest} to ${modseq}`)
    this.#toldHighest = modseq
    this.highest = modseq
  }

  /** The mailbox is selected anew, with nothing known of it. */
  forget(mailbox: string): void {
    this.mailbox = mailbox
    this.messages = []
    this.highest = 0
    this.#toldHighest = 0
    this.#listed = new Set()
    this.#selections++
  }

  /**
   * Takes the answer to SELECT (QRESYNC ...): what is gone of what was known, then how many there are, then what has
   * changed. `all`: every message must be known behind it.
   */
  resynchronize(known: readonly Believed[], lines: readonly string[], all: boolean): void {
    const gone = new Set<number>()
    for (const line of lines) {
      const vanished = /^\* VANISHED \(EARLIER\) (\S+)$/.exec(line)
      if (vanished) for (const uid of membersOf(vanished[1])) gone.add(uid)
    }
    this.messages = known.filter(({ uid }) => uid !== null && !gone.has(uid)).map((one) => ({ ...one }))
    for (const line of lines) {
      const listed = /^\* FLAGS \((.*)\)$/.exec(line)
      if (listed) this.flagsListed(listed[1])
      const exists = /^\* (\d+) EXISTS$/.exec(line)
      if (exists) this.exists(Number(exists[1]))
    }
    for (const line of lines) {
      const fetch = /^\* (\d+) FETCH \(([\s\S]*)\)$/.exec(line)
      if (fetch) this.fetched(Number(fetch[1]), fetch[2])
      const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)
      if (highest) this.highestModSeq(Number(highest[1]))
    }
    const unknown = this.messages.findIndex(({ uid, flags }) => uid === null || flags === null)
    if (all && unknown !== -1) this.fail(`message ${unknown + 1} is unknown after a resynchronisation`)
  }
}

export function sortFlags(flags: string): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ')
}

/** The UIDs of a set like `3:5,9`. */
export function membersOf(set: string): number[] {
  return set.split(',').flatMap((one) => {
    const [lo, hi = lo] = one.split(':').map(Number)
    return Array.from({ length: hi - lo + 1 }, (_, i) => lo + i)
  })
}
