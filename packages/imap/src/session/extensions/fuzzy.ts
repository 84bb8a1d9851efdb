/** SEARCH=FUZZY (RFC 6203): text keys that forgive, and how well messages match. */
import { bad, Refusal } from '../../syntax/status.js'
import type { ImapExtension } from '../extension.js'
import { type FuzzyScores, parseFuzzy, relevancy, scoresOf } from '../search/fuzzy.js'

/** RFC 6203 §4: relevancy is for searches with FUZZY. @throws Refusal BAD without. */
function known(values: ReadonlyMap<string, unknown>): FuzzyScores {
  const scores = scoresOf(values)
  if (!scores) throw new Refusal(bad('RELEVANCY needs a FUZZY search'))
  return scores
}

/** SEARCH=FUZZY (RFC 6203). */
export const searchFuzzy: ImapExtension = {
  name: 'SEARCH=FUZZY',
  capabilities: ['SEARCH=FUZZY'],
  searchKeys: [
    {
      name: 'FUZZY',
      parse(cursor, context) {
        cursor.space()
        return parseFuzzy(context, () => context.key(cursor))
      },
    },
  ],
  searchReturns: [
    {
      name: 'RELEVANCY',
      check: (values) => void known(values),
      write(out, { uids, values }) {
        const scores = known(values)
        out.text(` RELEVANCY (${Array.from(uids, (uid) => relevancy(scores, uid)).join(' ')})`)
      },
    },
  ],
  sortCriteria: [
    {
      name: 'RELEVANCY',
      needs: [],
      check: (values) => void known(values),
      // RFC 6203 §6: the highest score first.
      key: ({ row }, values) => -relevancy(known(values), row.uid),
    },
  ],
}
