/** What the promise comes to; `null`: the signal was first, and whatever still comes of it is nobody's business any more. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
    promise.then(resolve, reject)
  })
}
