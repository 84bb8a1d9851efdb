/** What must hold for `@posthouse/milter` whatever a filter answers: nothing throws, and it makes only agreed changes. */
import {
  ALL_ACTIONS,
  actionBits,
  actionOf,
  createMilterEngine,
  createPacketReader,
  encodePacket,
  type MilterAction,
  type MilterCommand,
  type MilterEngine,
  type MilterState,
} from '@posthouse/milter'
import { concat, fromLatin1, latin1 } from '@posthouse/wire'
import { check, cutUp, type Target } from '../loop.js'

const LIMIT = 10_000

function packet(code: string, data = ''): string {
  return encodePacket(code, fromLatin1(data))
    .map((piece) => latin1(piece))
    .join('')
}

const NEGOTIATION = packet('O', '\0\0\0\x06\0\0\x01\xff\0\0\0\0')
const ANSWERS = [
  ...[NEGOTIATION, packet('O', '\0\0\0\x02\0\0\0\x01\0\0\0\x7f'), packet('O', '\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff')],
  ...['c', 'c', 'c', 'c', 'a', 'r', 't', 'd', 's', '4', 'p', 'f', 'q', '?'].map((code) => packet(code)),
  ...[packet('y', '550 5.7.1 No\0'), packet('y', '999\0'), packet('y', '550-a\r\n550 b\0'), packet('b', 'body')],
  ...[
    packet('h', 'X-A\0 b\0'),
    packet('i', '\0\0\0\x01X-B\0c\0'),
    packet('m', '\0\0\0\x01Subject\0\0'),
    packet('h', 'X'),
  ],
  ...[
    packet('+', '<a@b>\0'),
    packet('-', '<a@b>\0'),
    packet('2', '<a@b> SIZE=1\0'),
    packet('e', '<>\0'),
    packet('q', 'why\0'),
  ],
  ...['\0\0\0\0', '\0\0\0\x01', '\xff\xff\xff\xff', '\0', 'c'],
]

type Said = Exclude<MilterCommand, { type: 'negotiate' }>

const MAIL: Said = { type: 'mail', args: ['<a@example.org>', 'SIZE=1'] }

/** What a mail server says in each state. */
const SAYS: Readonly<Record<MilterState, readonly Said[]>> = {
  new: [],
  resting: [{ type: 'connect', hostname: 'client.example', family: 'inet', address: '192.0.2.1', port: 1 }],
  session: [{ type: 'helo', name: 'client.example' }, MAIL, MAIL],
  envelope: [
    { type: 'rcpt', args: ['<b@example.org>'] },
    { type: 'data' },
    { type: 'header', name: 'Subject', value: ' x' },
    { type: 'end-of-header' },
  ],
  header: [{ type: 'header', name: 'To', value: ' y' }, { type: 'end-of-header' }, { type: 'abort' }],
  body: [{ type: 'body', octets: fromLatin1('body\r\n') }, { type: 'end-of-message' }, { type: 'end-of-message' }],
  done: [MAIL, { type: 'quit-new-connection' }],
  over: [],
}

/** Goes on until an answer is due. */
function goOn(engine: MilterEngine, next: (below: number) => number): void {
  for (let said = 0; said < 50; said++) {
    const choices = SAYS[engine.state]
    if (choices.length === 0 || engine.send(choices[next(choices.length)] as Said, [['{a}', 'b']])) return
  }
}

/** Octets packet by packet, which is how a filter that understands the protocol sends them, or cut anywhere. */
function chunksOf(input: Uint8Array, next: (below: number) => number): Uint8Array[] {
  if (next(4) === 0) return cutUp(input, next)
  const reader = createPacketReader(LIMIT)
  const chunks: Uint8Array[] = []
  reader.push(input)
  let at = 0
  for (let found = reader.next(); found !== null && typeof found !== 'string'; found = reader.next()) {
    const end = input.length - reader.pending
    chunks.push(input.subarray(at, end))
    at = end
  }
  return [...chunks, input.subarray(at)]
}

export const targets: readonly Target[] = [
  {
    name: 'milter: engine',
    dictionary: ANSWERS,
    run(input, next) {
      const agreed: ReadonlySet<MilterAction> = new Set(ALL_ACTIONS.filter(() => next(2) === 0))
      const engine = createMilterEngine({ actions: actionBits(agreed), packetLimit: LIMIT })
      const octets = next(3) === 0 ? input : concat([fromLatin1(NEGOTIATION), input])
      let failed = false
      const turn = (): void => {
        for (let event = engine.next(); event.type !== 'need-data'; event = engine.next()) {
          check(!failed, 'an event behind the failure')
          if (event.type === 'modification')
            check(agreed.has(actionOf(event.modification)), 'a change that nobody allowed')
          if (event.type === 'failed') failed = true
          else if (event.type === 'negotiated' || event.type === 'verdict') goOn(engine, next)
        }
        const said = createPacketReader(1_000)
        for (const piece of engine.takeOutput()) said.push(piece)
        for (let one = said.next(); one !== null; one = said.next()) check(typeof one !== 'string', 'a broken packet')
        check(said.pending === 0, 'half a packet was said')
      }
      for (const chunk of chunksOf(octets, next)) {
        engine.receive(chunk)
        turn()
      }
      engine.receiveEnd()
      turn()
      check(failed || engine.state === 'over', 'the end of the connection went unnoticed')
    },
  },
]
