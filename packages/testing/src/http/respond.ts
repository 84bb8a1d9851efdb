/** Answers of the HTTP interface. Nothing is kept in caches, nothing may be read by other sites. */
import type { TestMailErrorCode } from '../errors.js'

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

export function json(value: unknown, status = 200): Response {
  const headers = { ...HEADERS, 'content-type': 'application/json; charset=utf-8' }
  return new Response(`${JSON.stringify(value)}\n`, { status, headers })
}

export function empty(): Response {
  return new Response(null, { status: 204, headers: HEADERS })
}

export function text(body: string): Response {
  return new Response(body, { headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } })
}

/** Octets for a program, which a browser saves and does not show. */
export function download(octets: Uint8Array, type: string): Response {
  const headers = {
    ...HEADERS,
    'content-type': type,
    'content-disposition': 'attachment',
    'content-security-policy': "sandbox; default-src 'none'",
  }
  return new Response(new Uint8Array(octets), { headers })
}

export function stream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { ...HEADERS, 'content-type': 'text/event-stream' } })
}

export function failure(status: number, code: TestMailErrorCode, message: string): Response {
  return json({ error: { code, message } }, status)
}
