/** All that is plugged in, by name. Made once for each set of extensions that an account allows. */
import type { Account } from '@posthouse/store-api'
import type {
  Command,
  CreateParameter,
  Enabling,
  FetchItem,
  FetchModifier,
  ImapExtension,
  ListReturn,
  ListSelection,
  SearchKey,
  SearchReturn,
  SelectParameter,
  SortCriterion,
  StatusItem,
  StoreModifier,
  ThreadAlgorithm,
} from './extension.js'

export interface Parts {
  readonly extensions: readonly ImapExtension[]
  readonly names: ReadonlySet<string>
  readonly commands: ReadonlyMap<string, Command>
  readonly fetchItems: ReadonlyMap<string, FetchItem>
  readonly fetchModifiers: ReadonlyMap<string, FetchModifier>
  readonly storeModifiers: ReadonlyMap<string, StoreModifier>
  readonly searchKeys: ReadonlyMap<string, SearchKey>
  readonly searchReturns: ReadonlyMap<string, SearchReturn>
  readonly sortCriteria: ReadonlyMap<string, SortCriterion>
  readonly threadAlgorithms: ReadonlyMap<string, ThreadAlgorithm>
  readonly statusItems: ReadonlyMap<string, StatusItem>
  readonly selectParameters: ReadonlyMap<string, SelectParameter>
  readonly createParameters: ReadonlyMap<string, CreateParameter>
  readonly listSelections: ReadonlyMap<string, ListSelection>
  readonly listReturns: ReadonlyMap<string, ListReturn>
  readonly enables: ReadonlyMap<string, Enabling>
  /** Some extension bounds sets of messages. */
  readonly bounds: boolean
  readonly guards: readonly NonNullable<ImapExtension['guard']>[]
}

function byName<T extends { readonly name: string }>(lists: readonly (readonly T[] | undefined)[]): Map<string, T> {
  const map = new Map<string, T>()
  // The last one of a name wins: an application's own command replaces ours.
  for (const list of lists) for (const one of list ?? []) map.set(one.name, one)
  return map
}

/** Leaves out extensions whose requirements are not there, until nothing changes. */
function satisfied(extensions: readonly ImapExtension[]): readonly ImapExtension[] {
  for (;;) {
    const names = new Set(extensions.map((one) => one.name))
    const left = extensions.filter((one) => (one.requires ?? []).every((name) => names.has(name)))
    if (left.length === extensions.length) return left
    extensions = left
  }
}

function assemble(given: readonly ImapExtension[]): Parts {
  const extensions = satisfied(given)
  return {
    extensions,
    names: new Set(extensions.map((one) => one.name)),
    commands: byName(extensions.map((one) => one.commands)),
    fetchItems: byName(extensions.map((one) => one.fetchItems)),
    fetchModifiers: byName(extensions.map((one) => one.fetchModifiers)),
    storeModifiers: byName(extensions.map((one) => one.storeModifiers)),
    searchKeys: byName(extensions.map((one) => one.searchKeys)),
    searchReturns: byName(extensions.map((one) => one.searchReturns)),
    sortCriteria: byName(extensions.map((one) => one.sortCriteria)),
    threadAlgorithms: byName(extensions.map((one) => one.threadAlgorithms)),
    statusItems: byName(extensions.map((one) => one.statusItems)),
    selectParameters: byName(extensions.map((one) => one.selectParameters)),
    createParameters: byName(extensions.map((one) => one.createParameters)),
    listSelections: byName(extensions.map((one) => one.listSelections)),
    listReturns: byName(extensions.map((one) => one.listReturns)),
    bounds: extensions.some(({ boundSet }) => boundSet !== undefined),
    guards: extensions.flatMap(({ guard }) => guard ?? []),
    enables: new Map(extensions.flatMap((one) => one.enables ?? []).map((one) => [one.word, one])),
  }
}

/** Gives the parts for an account (`null`: before login), made once for each combination. */
export function partsMaker(extensions: readonly ImapExtension[]): (account: Account | null) => Parts {
  const made = new Map<string, Parts>()
  return (account) => {
    const there = extensions.filter((one) => account === null || one.available?.(account) !== false)
    const key = there.map((one) => one.name).join('\n')
    let parts = made.get(key)
    if (!parts) {
      parts = assemble(there)
      made.set(key, parts)
    }
    return parts
  }
}
