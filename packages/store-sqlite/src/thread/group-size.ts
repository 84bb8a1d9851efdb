/** Octets of one group at most, so that one commit stays short. */
const GROUP_OCTETS = 4 * 1024 * 1024
/** Requests of one group at most. */
const GROUP_REQUESTS = 512

/** What one of those that wait brings into a group. */
export interface Weight {
  readonly requests: number
  readonly pieces: readonly { readonly byteLength: number }[]
}

/** How many of those that wait, from the first one on, are written together. */
export function groupSize<T>(waiting: readonly T[], weightOf: (one: T) => Weight): number {
  let octets = 0
  let requests = 0
  let size = 0
  while (size < waiting.length && requests < GROUP_REQUESTS && octets < GROUP_OCTETS) {
    const weight = weightOf(waiting[size++])
    requests += weight.requests
    for (const { byteLength } of weight.pieces) octets += byteLength
  }
  return size
}
