import type { Connection } from './connection.js'

/** The open connections of a listener, in no order. */
export interface ConnectionList {
  readonly size: number
  add(connection: Connection): void
  remove(connection: Connection): void
  /** A copy: connections may come and go while it is read. */
  all(): readonly Connection[]
}

/**
 * An array in which each connection knows its place. Not a Set: V8 (11) gives that a new table now and then, the old one
 * keeps what was in it and points to the new one, and so all connections were seen to survive until a full collection.
 */
export function createConnectionList(): ConnectionList {
  const list: Connection[] = []
  return {
    get size() {
      return list.length
    },
    add(connection) {
      connection.place = list.length
      list.push(connection)
    },
    remove(connection) {
      const last = list.pop()
      if (!last || last === connection) return
      last.place = connection.place
      list[last.place] = last
    },
    all: () => [...list],
  }
}
