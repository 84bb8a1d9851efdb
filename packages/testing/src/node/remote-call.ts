/** Requests to the HTTP interface of a test server. */
import { TestMailError, type TestMailErrorCode } from '../errors.js'

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Behind `/api/v1/`. */
  readonly path: string
  /** Sent as JSON; octets as a message. */
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/** Asks, and gives what the JSON of the answer says; `null` for an answer without one. */
export type Caller = <T>(call: Call) => Promise<T>

/** @param ended Aborts when this end is disposed. */
export function createCaller(base: URL, ended: AbortSignal): Caller {
  /** It was there once. */
  let known = false

  return async <T>({ method, path, body, signal }: Call): Promise<T> => {
    const signals = signal ? AbortSignal.any([ended, signal]) : ended
    const { ok, status, text } = await send(new URL(`api/v1/${path}`, base), method, body, signals)
    if (status === 204) return null as T
    const answer = parsed(text)
    if (ok && answer !== null) {
      known = true
      return answer as T
    }
    const { code = 'unreachable', message = `${base.href} is no test mail server: it answers ${status}` } =
      answer?.error ?? {}
    throw new TestMailError(code as TestMailErrorCode, message)
  }

  /** The whole answer: a server may end in its middle. */
  async function send(url: URL, method: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const octets = body instanceof Uint8Array
    const type = octets ? 'message/rfc822' : 'application/json'
    const content = octets ? new Uint8Array(body) : JSON.stringify(body)
    try {
      const response = await fetch(url, {
        method,
        signal,
        ...(body !== undefined && { body: content, headers: { 'content-type': type } }),
      })
      return { ok: response.ok, status: response.status, text: await response.text() }
    } catch (cause) {
      if (ended.aborted) throw new TestMailError('disposed', 'the connection to the test mail server was disposed')
      if (signal.aborted) throw new TestMailError('aborted', 'the wait was aborted', { cause: signal.reason })
      const hint = 'start one with `npx @posthouse/testing`, or with startTestMail({ http: true })'
      const what = known
        ? `the test mail server at ${base.href} went away`
        : `no test mail server answers at ${base.href}`
      throw new TestMailError('unreachable', `${what} (${reasonOf(cause)}): ${hint}`, { cause })
    }
  }
}

interface Answer {
  readonly ok: boolean
  readonly status: number
  readonly text: string
}

/** `null` for what is no JSON: another server. */
function parsed(text: string): { readonly error?: { readonly code: string; readonly message: string } } | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string }
  return cause?.code ?? cause?.message ?? message ?? String(error)
}
