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
import type { ImapSession } from './session.js'

/** What a set of extensions brings, by name. */
export interface Parts {
  readonly extensions: readonly ImapExtension[]
  readonly names: ReadonlySet<string>
  readonly commands: ReadonlyMap<string, Command>
  readonly fetchItems: ReadonlyMap<string, FetchItem>
  /** What is told beside changed flags. */
  readonly updateItems: readonly UpdateItem[]
  /** Light rows are enough to tell of changed flags. */
  readonly lightUpdates: boolean
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

/** A FETCH item that some extension tells beside changed flags. */
export interface UpdateItem {
  readonly item: FetchItem
  wanted(session: ImapSession): boolean
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
  const fetchItems = byName(extensions.map((one) => one.fetchItems))
  const updateItems = extensions.flatMap((one) =>
    (one.updateItems ?? []).flatMap(({ item, wanted }) => {
      const found = fetchItems.get(item)
      return found ? [{ item: found, wanted }] : []
    }),
  )
  return {
    extensions,
    names: new Set(extensions.map((one) => one.name)),
    commands: byName(extensions.map((one) => one.commands)),
    fetchItems,
    updateItems,
    lightUpdates: fetchItems.get('FLAGS')?.light === true && updateItems.every(({ item }) => item.light),
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
