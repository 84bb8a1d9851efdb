/**
 * Fuzzy text keys (RFC 6203): all words of the text, in any order; a long word also without its ending. Everything else
 * within FUZZY is matched exactly, which §5 leaves to us.
 */
import type { SearchTree } from '../../syntax/search-program.js'
import type { SearchKeyContext, SearchLeaf } from '../extension.js'
import type { SearchedMessage } from './message.js'
import type { Place } from './places.js'
import { Finder } from './text.js'

/** Relevancy by UID: the sum of what the fuzzy keys gave, and how many there were. */
export type FuzzyScores = Map<number, { sum: number; keys: number }>

const NAME = 'FUZZY'

interface Fuzziness {
  readonly scores: FuzzyScores
  /** Keys called FUZZY around the one that is being read. */
  depth: number
}

/** Where the key that is being read notes its scores; `null` outside of FUZZY. */
export function fuzzyScores({ values }: Pick<SearchKeyContext, 'values'>): FuzzyScores | null {
  const fuzziness = values.get(NAME) as Fuzziness | undefined
  return fuzziness && fuzziness.depth > 0 ? fuzziness.scores : null
}

/** Scores of a search that has asked for them by FUZZY; `null` without it. */
export function scoresOf(values: ReadonlyMap<string, unknown>): FuzzyScores | null {
  return (values.get(NAME) as Fuzziness | undefined)?.scores ?? null
}

/** Relevancy of a message, 1 to 100 (RFC 6203 §4). What matched without any text is fully relevant. */
export function relevancy(scores: FuzzyScores, uid: number): number {
  const score = scores.get(uid)
  return score ? Math.max(1, Math.round(score.sum / score.keys)) : 100
}

/** Reads the argument of FUZZY. */
export function parseFuzzy(context: SearchKeyContext, read: () => SearchTree<SearchLeaf>): SearchTree<SearchLeaf> {
  const fuzziness = (context.values.get(NAME) as Fuzziness | undefined) ?? { scores: new Map(), depth: 0 }
  context.values.set(NAME, fuzziness)
  fuzziness.depth++
  try {
    return read()
  } finally {
    fuzziness.depth--
  }
}

/** Words of one text that count. */
const MAX_WORDS = 20
/** Characters from which a word has an ending that may be another. */
const LONG_WORD = 6
/** What of a long word is no ending. */
const STEM = 0.6

function wordsOf(text: string): string[] {
  const words = text.split(' ').filter((word) => word !== '')
  // Nothing but spaces is looked for as it stands.
  if (words.length === 0) return [text]
  return [...new Set(words)].slice(0, MAX_WORDS)
}

const stemOf = (word: string): string =>
  word.length >= LONG_WORD ? word.slice(0, Math.ceil(word.length * STEM)) : word

/** A text key within FUZZY. */
export function fuzzyLeaf(place: Place, wanted: string, scores: FuzzyScores): SearchTree<SearchLeaf> {
  const words = wordsOf(wanted)
  const stems = words.map(stemOf)
  const needles = [wanted, ...words, ...stems]
  const decide = ({ row }: SearchedMessage, found: readonly boolean[]): boolean => {
    if (!stems.every((_, i) => found[1 + words.length + i])) return false
    const whole = words.filter((_, i) => found[1 + i]).length
    const score = found[0] ? 100 : 50 + (40 * whole) / words.length
    const noted = scores.get(row.uid) ?? { sum: 0, keys: 0 }
    scores.set(row.uid, { sum: noted.sum + score, keys: noted.keys + 1 })
    return true
  }
  return {
    type: 'leaf',
    leaf: {
      type: 'test',
      needs: place.needs,
      ...(place.in && {
        hint: {
          type: 'and',
          of: stems.map((stem) => ({ type: 'text', in: place.in as 'all', contains: stem, fuzzy: true })),
        },
      }),
      test(message) {
        const finder = new Finder(needles)
        const shown = place.show(message, finder)
        return shown instanceof Promise
          ? shown.then(() => decide(message, finder.found))
          : decide(message, finder.found)
      },
    },
  }
}
