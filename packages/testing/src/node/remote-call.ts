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
  return async <T>({ method, path, body, signal }: Call): Promise<T> => {
    const signals = signal ? AbortSignal.any([ended, signal]) : ended
    const response = await send(new URL(`api/v1/${path}`, base), method, body, signals)
    if (response.status === 204) return null as T
    const answer = (await response.json().catch(() => null)) as { error?: { code: string; message: string } } | null
    if (response.ok && answer !== null) return answer as T
    const { code = 'unreachable', message = `${base.href} is no test mail server: it answers ${response.status}` } =
      answer?.error ?? {}
    throw new TestMailError(code as TestMailErrorCode, message)
  }

  async function send(url: URL, method: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const octets = body instanceof Uint8Array
    const type = octets ? 'message/rfc822' : 'application/json'
    const content = octets ? new Uint8Array(body) : JSON.stringify(body)
    try {
      return await fetch(url, {
        method,
        signal,
        ...(body !== undefined && { body: content, headers: { 'content-type': type } }),
      })
    } catch (cause) {
      if (ended.aborted) throw new TestMailError('disposed', 'the connection to the test mail server was disposed')
      if (signal.aborted) throw new TestMailError('aborted', 'the wait was aborted', { cause: signal.reason })
      const hint = 'start one with `npx @posthouse/testing`, or with startTestMail({ http: true })'
      throw new TestMailError(
        'unreachable',
        `no test mail server answers at ${base.href} (${reasonOf(cause)}): ${hint}`,
        { cause },
      )
    }
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string }
  return cause?.code ?? cause?.message ?? message ?? String(error)
}
