/** Where text keys look: in a field, in the header, in the bodies. */
import type { Column, SearchExpr } from '@posthouse/store-api'
import type { SearchTree } from '../../syntax/search-program.js'
import type { SearchKeyContext, SearchLeaf } from '../extension.js'
import { fuzzyLeaf, fuzzyScores } from './fuzzy.js'
import type { SearchedMessage } from './message.js'
import { Finder, type Looker, lookAtAddresses, lookAtBody, lookAtField, lookAtHeaders } from './text.js'

/** A place in messages where text is. */
export interface Place {
  readonly needs: readonly Column[]
  /** How a store's index calls it; absent: it does not have it. */
  readonly in?: Extract<SearchExpr, { type: 'text' }>['in']
  /** Shows its text; true when the looker has seen enough, or when it wanted nothing and the place is there. */
  show(message: SearchedMessage, looker: Looker): boolean | Promise<boolean>
}

/** Octets without those that a delivery has put before the message. */
const own = (message: SearchedMessage, header: Uint8Array): Uint8Array => header.subarray(message.prefix.length)

/**
 * All fields of a name, in any case. `everything`: also those that a delivery has put before the message. `look`: how
 * such a field is looked at.
 */
export function fieldPlace(name: string, everything: boolean, look = lookAtField): Place {
  const lower = name.toLowerCase()
  const show = (message: SearchedMessage, header: Uint8Array, looker: Looker): boolean =>
    look(everything ? header : own(message, header), lower, looker)
  return {
    needs: ['header'],
    show(message, looker) {
      const header = message.header()
      return header instanceof Promise
        ? header.then((bytes) => show(message, bytes, looker))
        : show(message, header, looker)
    },
  }
}

/** One of the fields that an index knows. */
export function indexedField(name: 'bcc' | 'cc' | 'from' | 'to' | 'subject'): Place {
  return { ...fieldPlace(name, false, name === 'subject' ? lookAtField : lookAtAddresses), in: name }
}

export const bodyPlace: Place = { needs: ['summary', 'inline'], in: 'body', show: lookAtBody }

export const everyPlace: Place = {
  needs: ['summary', 'header', 'inline'],
  in: 'all',
  show: async (message, looker) => (await lookAtHeaders(message, looker)) || lookAtBody(message, looker),
}

/** A key that finds a folded text in a place. */
export function textLeaf(place: Place, wanted: string, context: SearchKeyContext): SearchTree<SearchLeaf> {
  const scores = fuzzyScores(context)
  if (scores && wanted !== '') return fuzzyLeaf(place, wanted, scores)
  return {
    type: 'leaf',
    leaf: {
      type: 'test',
      needs: place.needs,
      ...(place.in && wanted !== '' && { hint: { type: 'text', in: place.in, contains: wanted } }),
      test: (message) => place.show(message, new Finder([wanted])),
    },
  }
}
