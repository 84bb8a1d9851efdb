/** What the faults below a protocol must know of it, and what they are told of their server. */
import type { Engine, Link } from '@posthouse/wire'
import type { FaultAction, FaultSituation, Script, ScriptBook } from './script.js'

/** What a fault may do to one connection. */
export interface Controls {
  /** Ends it without a goodbye, now or behind so many octets. */
  drop(after: number, of: 'client' | 'server'): void
  /** Says octets, each piece in a packet of its own, in place of what the server says to the event in progress. */
  replace(pieces: readonly string[]): Promise<void>
  throttle(octetsPerSecond: number): void
  /** Octets per second; 0: no limit. */
  readonly rate: number
  /** Nothing is answered any more, and nothing read is looked at; the connection stays open. */
  stall(): void
  /** What of a line that the server says now is heard; `null`: nothing. */
  heard(line: string): string | null
}

export type AnyEvent = { readonly type: string }
export type AnyEngine = Engine<AnyEvent, unknown>

/** Where an event is in its dialogue. */
export interface Step {
  readonly name: string
  readonly argument: string
  /** See `AtStep.names`. */
  readonly names?: readonly string[]
}

/** What is said in place of the session. */
export type SaidAction = Extract<FaultAction, { type: 'line' | 'reply' }>

/** One connection as its protocol sees it. */
export interface Dialogue {
  /** The step that an event is; `null` for events at which no fault happens. */
  step(event: AnyEvent): Step | null
  /** Answers an event, or greets (`null`), in place of the session. True: the connection ends behind it. */
  answer(event: AnyEvent | null, action: SaidAction, engine: AnyEngine): boolean
  /** What is said to a command that the server shall not know; `null`: it may. */
  refused?(event: AnyEvent): SaidAction | null
  /** The line that says that TLS may begin. */
  readyForTls(event: AnyEvent): string
  /** Faults that only this protocol has. */
  perform?(action: FaultAction, event: AnyEvent): void | Promise<void>
  /** True when the session answers first, and the fault comes on top (BYE in IDLE). */
  answersFirst?(step: Step, action: FaultAction): boolean
  /** Octets of a message that an event brings; 0 between them, `null` where no message is on its way. */
  messageOctets?(event: AnyEvent): number | null
  /** Looks at what a client says, for the transcript. */
  heard?(event: AnyEvent): void
  /** Looks at what the server says, for the transcript. Without it the server writes down itself what it says. */
  wrote?(octets: Uint8Array): void
  /** Told once, with the engine of each session. */
  opened?(engine: AnyEngine): void
  closed?(): void
}

/** How a protocol's dialogues are read. */
export interface Dialect {
  readonly protocol: Script['protocol']
  readonly types: ReadonlySet<FaultAction['type']>
  /** True: the greeting is a step of this wrapper. */
  readonly greets: boolean
  dialogue(link: Link): Dialogue
}

/** What the wrapper is told of its server. */
export interface Surroundings {
  readonly book: ScriptBook
  situation(argument: string, remote: string): FaultSituation
  /** Writes down what was said in the server's place. */
  said(id: string, text: string): void
  surprised(where: string, error: unknown): void
  /** Why the connection ends, when the log will not say it. */
  problem(id: string, text: string): void
}
