/** How results are told: numbers in a line, or ESEARCH (RFC 9051 §7.3.4). */
import type { SearchResult } from '../extension.js'
import type { ImapSession } from '../session.js'
import { sequencesOf } from './evaluate.js'
import type { ReturnOption } from './request.js'

/** The found messages as they are told, in their order. */
export function numbersOf({ byUid, uids, view }: Pick<SearchResult, 'byUid' | 'uids' | 'view'>): Uint32Array {
  return byUid ? uids : sequencesOf(view, uids)
}

/** Numbers between two looks at whether the client reads. */
const BATCH = 1_000

/** Writes `* SEARCH 2 84 882`, as fast as the client reads; `(MODSEQ 917162500)` behind it when that was asked. */
export async function writeNumbers(
  session: ImapSession,
  name: 'SEARCH' | 'SORT',
  found: Pick<SearchResult, 'byUid' | 'uids' | 'view' | 'modseqs'>,
): Promise<void> {
  const { out } = session
  const numbers = numbersOf(found)
  out.text(`* ${name}`)
  for (let i = 0; i < numbers.length; i++) {
    out.text(' ').number(numbers[i])
    const slow = i % BATCH === BATCH - 1 ? session.flushMuch() : undefined
    if (slow) await slow
  }
  if (found.modseqs && numbers.length > 0) out.text(` (MODSEQ ${largest(found.modseqs)})`)
  out.crlf()
}

function largest(modseqs: Float64Array): number {
  let most = 0
  for (const modseq of modseqs) if (modseq > most) most = modseq
  return most
}

/** RFC 4731 §3.2: the modification sequence of what is told. */
function toldModseq({ modseqs, returns }: SearchResult): number | null {
  if (!modseqs || modseqs.length === 0) return null
  const ends: number[] = []
  for (const name of returns) {
    if (name === 'MIN') ends.push(modseqs[0])
    else if (name === 'MAX') ends.push(modseqs[modseqs.length - 1])
    else if (name !== 'SAVE') return largest(modseqs)
  }
  return ends.length === 0 ? largest(modseqs) : Math.max(...ends)
}

/** How an ESEARCH response differs from that of SEARCH (RFC 7377 §2.1). */
export interface EsearchForm {
  /** Writes more of what stands in the parentheses. */
  correlate?(): void
  /** True: nothing is told where nothing was found. */
  readonly onlyFound?: boolean
}

/** Writes `* ESEARCH (TAG "a") UID ...`. */
export function writeEsearch(
  session: ImapSession,
  found: Omit<SearchResult, 'returns'>,
  options: readonly ReturnOption[],
  { correlate, onlyFound = false }: EsearchForm = {},
): void {
  const { out } = session
  const result: SearchResult = { ...found, returns: new Set(options.map(({ option }) => option.name)) }
  // RFC 5182 §2.2: with SAVE alone there is nothing to tell.
  const silent = options.length > 0 && options.every(({ option }) => option.silent)
  if (!silent && !(onlyFound && result.uids.length === 0)) {
    out.text('* ESEARCH (TAG ').string(session.tag)
    correlate?.()
    out.text(result.byUid ? ') UID' : ')')
    for (const { option, args } of options) option.write?.(out, result, args, session)
    const modseq = toldModseq(result)
    if (modseq !== null) out.text(` MODSEQ ${modseq}`)
    out.crlf()
  }
  for (const { option, args } of options) option.after?.(result, args, session)
}
