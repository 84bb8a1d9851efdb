/**
 * What a mail server and a milter agree on before anything else: which changes the milter may make, which steps it
 * wants to see, and which of them it answers (version 6 of the protocol).
 */

/** A change that a milter may ask for. */
export type MilterAction =
  | 'add-header'
  | 'change-body'
  | 'add-recipient'
  | 'delete-recipient'
  | 'change-header'
  | 'quarantine'
  | 'change-sender'
  | 'add-recipient-with-parameters'
  | 'set-macros'

const ACTIONS: ReadonlyMap<MilterAction, number> = new Map([
  ['add-header', 0x01],
  ['change-body', 0x02],
  ['add-recipient', 0x04],
  ['delete-recipient', 0x08],
  ['change-header', 0x10],
  ['quarantine', 0x20],
  ['change-sender', 0x40],
  ['add-recipient-with-parameters', 0x80],
  ['set-macros', 0x100],
])

/** All that this client can do for a milter. */
export const ALL_ACTIONS: readonly MilterAction[] = [...ACTIONS.keys()]

/** Actions as the bits of the negotiation. */
export function actionBits(actions: Iterable<MilterAction>): number {
  let bits = 0
  for (const action of actions) bits |= ACTIONS.get(action) ?? 0
  return bits
}

/** The actions of the bits; bits that mean nothing are left out. */
export function actionsOf(bits: number): ReadonlySet<MilterAction> {
  return new Set(ALL_ACTIONS.filter((action) => (bits & (ACTIONS.get(action) as number)) !== 0))
}

/** A step of a mail session that a milter may see. */
export type MilterStep = 'connect' | 'helo' | 'mail' | 'rcpt' | 'data' | 'header' | 'end-of-header' | 'body'

/** Bits of steps that a milter does not want to see. */
export const SKIPS: ReadonlyMap<MilterStep, number> = new Map([
  ['connect', 0x01],
  ['helo', 0x02],
  ['mail', 0x04],
  ['rcpt', 0x08],
  ['body', 0x10],
  ['header', 0x20],
  ['end-of-header', 0x40],
  ['data', 0x200],
])

const HEADER_SILENT = 0x80

/** Bits of steps that a milter sees and does not answer. */
export const SILENT: ReadonlyMap<MilterStep, number> = new Map([
  ['header', HEADER_SILENT],
  ['connect', 0x1000],
  ['helo', 0x2000],
  ['mail', 0x4000],
  ['rcpt', 0x8000],
  ['data', 0x10000],
  ['end-of-header', 0x40000],
  ['body', 0x80000],
])

/** The milter does not want commands that the server does not know; this client has none for it anyway. */
const NO_UNKNOWN = 0x100
/** And would not answer them. */
const SILENT_UNKNOWN = 0x20000
/** The milter may answer a piece of the body with "no more of it". */
const SKIP_REPLY = 0x400
/** Values of header fields are exchanged with the blank behind the colon. */
const LEADING_SPACE = 0x100000

const sum = (bits: Iterable<number>): number => [...bits].reduce((all, bit) => all | bit, 0)

/** All that this client can leave out or do without. */
export const OFFERED_STEPS: number =
  sum(SKIPS.values()) | sum(SILENT.values()) | NO_UNKNOWN | SILENT_UNKNOWN | SKIP_REPLY | LEADING_SPACE

/** A stage whose macros a milter may choose, in the order of their numbers. */
export const MACRO_STAGES = ['connect', 'helo', 'mail', 'rcpt', 'data', 'end-of-message', 'end-of-header'] as const
/** A stage before which macros are sent. */
export type MacroStage = (typeof MACRO_STAGES)[number]

/** What was agreed on. */
export interface MilterOptions {
  /** 2 to 6. */
  readonly version: number
  readonly actions: ReadonlySet<MilterAction>
  /** Steps that are not shown to it. */
  readonly skipped: ReadonlySet<MilterStep>
  /** Steps that it does not answer. */
  readonly silent: ReadonlySet<MilterStep>
  /** It may say `skip` to a piece of the body. */
  readonly maySkip: boolean
  /** Values of header fields have the blank behind the colon. */
  readonly leadingSpace: boolean
  /** Names of macros that it wants; stages that are not here have those that the server sends to everybody. */
  readonly macros: ReadonlyMap<MacroStage, readonly string[]>
}

/** Reads what a milter chose of what it was offered, or says what is wrong with it. */
export function readOptions(
  answer: {
    readonly version: number
    readonly actions: number
    readonly steps: number
    readonly macros: MilterOptions['macros']
  },
  offered: { readonly actions: number; readonly version: number },
): MilterOptions | string {
  const { version, steps } = answer
  if (version < 2 || version > offered.version) return `protocol version ${version}`
  if ((steps & ~OFFERED_STEPS) !== 0) return `it wants protocol steps that it was not offered (${hex(steps)})`
  const skipped = stepsOf(steps, SKIPS)
  // Version 2 and 3 know no DATA.
  if (version < 4) skipped.add('data')
  return {
    version,
    // Changes that are not allowed are refused when it asks for them: some milters announce more than they do.
    actions: actionsOf(answer.actions & offered.actions),
    skipped,
    // What older ones may leave unanswered is each header field (`no_header_reply` of Postfix).
    silent: stepsOf(version < 6 ? steps & HEADER_SILENT : steps, SILENT),
    maySkip: (steps & SKIP_REPLY) !== 0,
    leadingSpace: (steps & LEADING_SPACE) !== 0,
    macros: answer.macros,
  }
}

function stepsOf(bits: number, table: ReadonlyMap<MilterStep, number>): Set<MilterStep> {
  const steps = new Set<MilterStep>()
  for (const [step, bit] of table) if ((bits & bit) !== 0) steps.add(step)
  return steps
}

function hex(bits: number): string {
  return `0x${(bits >>> 0).toString(16)}`
}
