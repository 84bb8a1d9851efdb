/** Sorts as `Array.prototype.sort` does, but lets others have their turn in between. */

/** Members that are sorted in one go. */
const RUN = 1_024
/** Steps of merging between two pauses. */
const STEPS = 1_024

/** A sorted copy, or the array itself when it is short. `pause` is awaited where it gives a promise. */
export async function sortInTurns<T>(
  list: T[],
  compare: (a: T, b: T) => number,
  pause: () => void | Promise<void>,
): Promise<T[]> {
  if (list.length <= RUN) return list.sort(compare)
  let from: T[] = []
  for (let at = 0; at < list.length; at += RUN) {
    for (const one of list.slice(at, at + RUN).sort(compare)) from.push(one)
    const slow = pause()
    if (slow) await slow
  }
  for (let width = RUN; width < list.length; width *= 2) {
    const into: T[] = []
    for (let start = 0; start < list.length; start += 2 * width) {
      const middle = Math.min(start + width, list.length)
      const end = Math.min(start + 2 * width, list.length)
      let left = start
      let right = middle
      while (left < middle || right < end) {
        // The left one where they are the same: stable.
        const takeLeft = right >= end || (left < middle && compare(from[left], from[right]) <= 0)
        into.push(takeLeft ? from[left++] : from[right++])
        const slow = into.length % STEPS === 0 ? pause() : undefined
        if (slow) await slow
      }
    }
    from = into
  }
  return from
}
