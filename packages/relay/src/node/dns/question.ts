/** One question to one DNS server: by UDP, and by TCP where the answer is too long for that. */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import {
  AUTHENTIC_DATA,
  type DecodedPacket,
  decode,
  encode,
  type OptAnswer,
  RECURSION_DESIRED,
  type RecordType,
} from 'dns-packet'
import { RelayError } from '../../errors.js'

/** A DNS server. */
export interface DnsServer {
  readonly address: string
  readonly port: number
}

/** An answer; the library's type lacks the response code. */
export interface DnsAnswer extends DecodedPacket {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, ... */
  readonly rcode: string
}

/** Octets of an answer by UDP: what passes everywhere in one piece (RFC 9715). */
const UDP_SIZE = 1_232
const EDNS: OptAnswer = {
  ...{ type: 'OPT', name: '.', udpPayloadSize: UDP_SIZE, extendedRcode: 0, ednsVersion: 0 },
  ...{ flags: 0, flag_do: false, options: [] },
}

/**
 * Asks. `timeout`: ms for each way.
 * @throws RelayError `dns`
 */
export async function askServer(
  server: DnsServer,
  name: string,
  type: RecordType,
  timeout: number,
): Promise<DnsAnswer> {
  const id = randomInt(0x10000)
  const question = encode({
    type: 'query',
    id,
    // RFC 6840 §5.7: AD in a question asks for it in the answer.
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ type, name }],
    additionals: [EDNS],
  })
  const fits = (octets: Buffer): DnsAnswer | null => readAnswer(octets, id, name, type)
  const answer = await byUdp(server, question, fits, timeout)
  return answer.flag_tc ? byTcp(server, question, fits, timeout) : answer
}

/** The answer to our question; `null` for anything else, whoever has sent it. */
function readAnswer(octets: Buffer, id: number, name: string, type: RecordType): DnsAnswer | null {
  try {
    const packet = decode(octets) as DnsAnswer
    const [asked] = packet.questions ?? []
    const ours = packet.type === 'response' && packet.id === id && asked?.type === type
    return ours && asked.name.toLowerCase() === name.toLowerCase() ? packet : null
  } catch {
    return null
  }
}

type Read = (octets: Buffer) => DnsAnswer | null

function byUdp(server: DnsServer, question: Buffer, read: Read, timeout: number): Promise<DnsAnswer> {
  return new Promise((resolve, reject) => {
    // A socket of its own has a port of its own: harder to guess for who forges answers (RFC 5452 §4.5).
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
    const end = (step: () => void): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.close()
      step()
    }
    const timer = setTimeout(() => end(() => reject(silent(server))), timeout)
    socket.on('error', (error) => end(() => reject(failed(server, error))))
    socket.on('message', (octets) => {
      const answer = read(octets)
      if (answer) end(() => resolve(answer))
    })
    // Connected: the system drops what comes from elsewhere, and says when nobody listens there.
    socket.connect(server.port, server.address, () => socket.send(question))
  })
}

function byTcp(server: DnsServer, question: Buffer, read: Read, timeout: number): Promise<DnsAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port })
    const end = (step: () => void): void => {
      clearTimeout(timer)
      socket.destroy()
      step()
    }
    const timer = setTimeout(() => end(() => reject(silent(server))), timeout)
    let pieces: Buffer[] = []
    let length = 0
    socket.on('error', (error) => end(() => reject(failed(server, error))))
    socket.on('close', () => end(() => reject(failed(server, new Error('it has closed the connection')))))
    socket.on('data', (piece) => {
      pieces.push(piece)
      length += piece.length
      if (length < 2) return
      const all = Buffer.concat(pieces)
      pieces = [all]
      const size = all.readUInt16BE(0)
      if (length < size + 2) return
      const answer = read(all.subarray(2, size + 2))
      end(() => (answer ? resolve(answer) : reject(failed(server, new Error('that is no answer')))))
    })
    const size = Buffer.alloc(2)
    size.writeUInt16BE(question.length)
    socket.write(Buffer.concat([size, question]))
  })
}

function silent({ address }: DnsServer): RelayError {
  return new RelayError('dns', `the DNS server ${address} is silent`)
}

function failed({ address }: DnsServer, cause: Error): RelayError {
  return new RelayError('dns', `the DNS server ${address} failed: ${cause.message}`, { cause })
}
