/** Running a list of handlers: in order, without a promise where none of them returns one. */
import type { MaybePromise } from '@posthouse/wire'

/** True for what has to be awaited. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** Asks one after the other; the first answer that is not nothing counts. */
export function firstAnswer<Handler, Answer>(
  handlers: readonly Handler[],
  ask: (handler: Handler) => MaybePromise<Answer | undefined | void>,
  from = 0,
): MaybePromise<Answer | undefined> {
  for (let i = from; i < handlers.length; i++) {
    const answer = ask(handlers[i])
    if (isPromise(answer)) {
      return answer.then((settled) => (settled ? settled : firstAnswer(handlers, ask, i + 1)))
    }
    if (answer) return answer
  }
  return undefined
}

/** Goes on with a value, now or when it is there. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value)
}
