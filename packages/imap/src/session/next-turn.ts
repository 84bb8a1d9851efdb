/** ms of work after which other connections have their turn. */
export const TURN = 10

/** Resolves behind what waits in the event loop. A timer takes a millisecond where `setImmediate` takes none. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof globalThis.setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
