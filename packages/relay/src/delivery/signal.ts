/** What the promise comes to; `null`: the signal was first, and whatever still comes of it is nobody's business any more. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
    promise.then(resolve, reject)
  })
}

/** What is to be done when a signal comes. */
const steps = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Does something when the signal comes; gives what takes that back. One listener for all: of more than ten Node 20 warns,
 * and a relay has one signal for all that it does.
 */
export function onAbort(signal: AbortSignal, step: () => void): () => void {
  const all = steps.get(signal) ?? new Set()
  if (!steps.has(signal)) {
    steps.set(signal, all)
    signal.addEventListener('abort', () => all.forEach((one) => void one()), { once: true })
  }
  all.add(step)
  return () => void all.delete(step)
}
