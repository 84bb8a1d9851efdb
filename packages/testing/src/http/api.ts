/**
 * The HTTP interface of a test server: what `connectTestMail` and tests in other languages speak. A function from a
 * request to a response, for whatever serves them.
 */

import type { TestDraft } from '../draft.js'
import { isTestMailError, TestMailError, type TestMailErrorCode } from '../errors.js'
import type { MailReceiver } from '../inbox.js'
import type { WaitOptions } from '../mailroom.js'
import type { DeliverOptions } from '../node/deliver.js'
import type { HttpAccess } from '../options.js'
import { decodeMatch, decodeScript, encodeMessage, matchInQuery } from '../remote/format.js'
import type { ScriptedFaults, TestMail } from '../test-mail.js'
import { detailsOf, summaryOf } from './describe.js'
import { eventStream } from './events.js'
import { refusalOf } from './guard.js'
import { download, empty, failure, json, text } from './respond.js'

/** Longest that a request is held, in ms. */
const HOLD = 600_000

/** What `GET /api/v1/wait` and its like are asked for. */
interface Asked {
  readonly match: ReturnType<typeof decodeMatch>
  /** Only mail for this address. */
  readonly recipient: string | null
  readonly count: number | null
  readonly within: number | undefined
  /** With the octets of the messages, for `connectTestMail`. */
  readonly raw: boolean
  readonly options: WaitOptions
}

interface Ask {
  readonly request: Request
  readonly url: URL
  /** What stood at `:id` and the like. */
  readonly parameters: readonly string[]
}

type Route = readonly [method: string, path: string, answer: (ask: Ask) => Response | Promise<Response>]

/** Makes the interface of a server. Mount it in anything that speaks `Request` and `Response`. */
export function createTestMailApi(mail: TestMail, access: HttpAccess = {}): (request: Request) => Promise<Response> {
  const scripts = new Map<string, ScriptedFaults>()
  let scriptNumber = 0

  const receiver = ({ recipient }: Asked): MailReceiver => (recipient === null ? mail : mail.inbox(recipient))

  async function wait(asked: Asked): Promise<Response> {
    const found = await receiver(asked).waitForAll(asked.count ?? 1, asked.match, asked.options)
    const told = asked.raw ? found.map(encodeMessage) : found.map(detailsOf)
    return json(asked.count === null ? told[0] : told)
  }

  async function expectNone(asked: Asked): Promise<Response> {
    const { within, match, options } = asked
    await receiver(asked).expectNone(match, { ...options, ...(within !== undefined && { within }) })
    return empty()
  }

  async function listed({ url }: Ask): Promise<Response> {
    const asked = inQuery(url, undefined)
    const after = numberIn(url.searchParams, 'after') ?? 0
    const found = (await receiver(asked).list(asked.match)).filter(({ sequence }) => sequence > after)
    return json(asked.raw ? found.map(encodeMessage) : found.map(summaryOf))
  }

  function one({ parameters: [id] }: Ask) {
    const found = mail.messages.find((message) => message.id === id)
    if (!found) throw new TestMailError('missing', `there is no message ${id}`)
    return found
  }

  async function deliver({ request, url: { searchParams: query } }: Ask): Promise<Response> {
    const to = query.get('to')
    if (to === null) throw new TestMailError('options', 'POST /api/v1/messages?to=ada@mail.test')
    const at = query.get('at')
    const options: DeliverOptions = {
      ...(query.has('folder') && { folder: query.get('folder') as string }),
      ...(query.has('flag') && { flags: query.getAll('flag') }),
      ...(at !== null && { at: new Date(Number.isNaN(Number(at)) ? at : Number(at)) }),
    }
    const message = await mail.deliver(to, await draftIn(request), options)
    return json(query.has('raw') ? encodeMessage(message) : detailsOf(message), 201)
  }

  function clear(): Response {
    mail.clear()
    return empty()
  }

  async function script({ request }: Ask): Promise<Response> {
    const list = await bodyOf(request)
    if (!Array.isArray(list)) throw new TestMailError('options', 'a list of scripted faults is wanted')
    const id = String(++scriptNumber)
    scripts.set(id, mail.script(...list.map(decodeScript)))
    return json({ id }, 201)
  }

  const routes: readonly Route[] = [
    ['GET', '', () => text(HELP)],
    ['GET', 'api/v1/health', () => json({ status: 'ok' })],
    ['GET', 'api/v1/server', () => json({ endpoints: mail.endpoints, ca: mail.ca, ...mail.mark() })],
    ['GET', 'api/v1/messages', listed],
    ['POST', 'api/v1/messages', deliver],
    ['DELETE', 'api/v1/messages', clear],
    ['GET', 'api/v1/messages/:id', (ask) => json(detailsOf(one(ask)))],
    ['GET', 'api/v1/messages/:id/raw', (ask) => download(one(ask).raw, 'message/rfc822')],
    [
      'GET',
      'api/v1/messages/:id/attachments/:index',
      (ask) => {
        const found = one(ask).attachments[Number(ask.parameters[1])]
        if (!found) throw new TestMailError('missing', `there is no attachment ${ask.parameters[1]}`)
        return download(found.bytes, 'application/octet-stream')
      },
    ],
    ['GET', 'api/v1/wait', ({ url, request }) => wait(inQuery(url, request.signal))],
    ['POST', 'api/v1/wait', async ({ request }) => wait(inBody(await bodyOf(request), request.signal))],
    ['GET', 'api/v1/expect-none', ({ url, request }) => expectNone(inQuery(url, request.signal))],
    ['POST', 'api/v1/expect-none', async ({ request }) => expectNone(inBody(await bodyOf(request), request.signal))],
    ['GET', 'api/v1/events', ({ request }) => eventStream(mail, request)],
    ['GET', 'api/v1/sessions', () => json(mail.sessions)],
    ['POST', 'api/v1/scripts', script],
    [
      'DELETE',
      'api/v1/scripts/:id',
      ({ parameters: [id] }) => {
        scripts.get(id)?.remove()
        scripts.delete(id)
        return empty()
      },
    ],
  ]

  return async (request) => {
    if (request.method !== 'HEAD') return answer(request, request.method)
    const { status, headers, body } = await answer(request, 'GET')
    await body?.cancel()
    return new Response(null, { status, headers })
  }

  async function answer(request: Request, method: string): Promise<Response> {
    const refused = refusalOf(request, access)
    if (refused) return refused
    const url = new URL(request.url)
    try {
      const found = find(routes, method, url.pathname)
      if (!found) return failure(404, 'missing', `there is no ${method} ${url.pathname}; GET / tells what there is`)
      return await found.answer({ request, url, parameters: found.parameters })
    } catch (error) {
      return told(error)
    }
  }
}

function find(routes: readonly Route[], method: string, path: string) {
  const segments = path.split('/').filter((segment) => segment !== '')
  for (const [verb, pattern, answer] of routes) {
    const wanted = pattern.split('/').filter((segment) => segment !== '')
    if (verb !== method || wanted.length !== segments.length) continue
    if (wanted.some((segment, i) => !segment.startsWith(':') && segment !== segments[i])) continue
    const parameters = segments.filter((_, i) => wanted[i].startsWith(':')).map(decoded)
    return { answer, parameters }
  }
  return null
}

/** What cannot be decoded is the name of nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

/** What else a query may ask. */
const ASKED = new Set(['recipient', 'count', 'within', 'raw', 'timeout', 'since', 'after'])

function inQuery(url: URL, signal: AbortSignal | undefined): Asked {
  const query = url.searchParams
  const since = query.get('since')
  return {
    match: matchInQuery(query, ASKED),
    recipient: query.get('recipient'),
    count: numberIn(query, 'count') ?? null,
    within: numberIn(query, 'within'),
    raw: query.has('raw'),
    options: waitOptions({ timeout: numberIn(query, 'timeout'), since }, signal),
  }
}

function numberIn(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null) return undefined
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(number) || number < 0) throw new TestMailError('options', `${name} is a number`)
  return number
}

function inBody(body: unknown, signal: AbortSignal): Asked {
  const { match, recipient, count, within, raw, timeout, since, ...rest } = (body ?? {}) as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new TestMailError('options', `${unknown} is nothing to ask; clauses stand in match`)
  return {
    match: decodeMatch(match),
    recipient: ofType<string>('string', recipient, 'recipient') ?? null,
    count: ofType<number>('number', count, 'count') ?? null,
    within: ofType<number>('number', within, 'within'),
    raw: ofType<boolean>('boolean', raw, 'raw') ?? false,
    options: waitOptions({ timeout, since }, signal),
  }
}

/** @throws TestMailError `options` for something else: `"2"` is no number. */
function ofType<T>(type: 'string' | 'number' | 'boolean', value: unknown, name: string): T | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== type) throw new TestMailError('options', `${name} is a ${type}`)
  return value as T
}

function waitOptions(asked: { timeout: unknown; since: unknown }, signal: AbortSignal | undefined): WaitOptions {
  const timeout = ofType<number>('number', asked.timeout, 'timeout')
  const since = asked.since ?? 'start'
  const point = since === 'now' || since === 'start' ? since : { sequence: since === '' ? Number.NaN : Number(since) }
  if (typeof point === 'object' && !(point.sequence >= 0)) {
    throw new TestMailError('options', 'since is `start`, `now` or the sequence of a message')
  }
  return {
    since: point,
    ...(signal && { signal }),
    ...(timeout !== undefined && { timeout: Math.min(timeout, HOLD) }),
  }
}

/** JSON only: what a form of another site can send is refused. @throws TestMailError `options`. */
async function bodyOf(request: Request): Promise<unknown> {
  if (!isOfType(request, 'application/json')) throw new TestMailError('options', 'content-type: application/json')
  try {
    return await request.json()
  } catch (cause) {
    throw new TestMailError('options', 'the body is no JSON', { cause })
  }
}

async function draftIn(request: Request): Promise<TestDraft> {
  if (isOfType(request, 'message/rfc822')) return new Uint8Array(await request.arrayBuffer())
  return (await bodyOf(request)) as TestDraft
}

function isOfType(request: Request, type: string): boolean {
  return (request.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase() === type
}

const STATUS: Readonly<Record<TestMailErrorCode, number>> = {
  timeout: 408,
  unexpected: 409,
  disposed: 410,
  aborted: 499,
  ambiguous: 409,
  missing: 404,
  script: 409,
  options: 400,
  unreachable: 502,
}

function told(error: unknown): Response {
  if (isTestMailError(error)) return failure(STATUS[error.code], error.code, error.message)
  return failure(500, 'options', error instanceof Error ? error.message : String(error))
}

const HELP = `Posthouse test mail

GET    /api/v1/wait?to=ada@mail.test&subject=/reset/i&timeout=4000   held until the message is there; its text, links, code
GET    /api/v1/expect-none?to=ada@mail.test&within=100               204, or 409 with what came
GET    /api/v1/messages?to=...&after=SEQUENCE
GET    /api/v1/messages/ID   /api/v1/messages/ID/raw   /api/v1/messages/ID/attachments/INDEX
POST   /api/v1/messages?to=ada@mail.test&folder=INBOX&flag=\\Seen     message/rfc822, or JSON { from, subject, text, html }
DELETE /api/v1/messages
GET    /api/v1/events        server-sent events, one for each message
GET    /api/v1/sessions      every connection, with its dialogue
POST   /api/v1/scripts       faults, as connectTestMail sends them; DELETE /api/v1/scripts/ID
GET    /api/v1/server        /api/v1/health

Clauses: to from cc bcc subject text html attachment via header=Name: value; /text/i is a pattern.
`
