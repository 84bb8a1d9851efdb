import type { Op } from '@posthouse/store-api'
import { CHUNK_BYTES } from '../sql/schema.js'
import type { WriteRequest } from '../write/requests.js'
import { type ChunkPool, SMALL_BYTES } from './chunk-pool.js'

/** A group of requests whose octets stand in buffers that can be moved to another thread. */
export interface Gathered {
  readonly requests: readonly WriteRequest[]
  readonly buffers: readonly ArrayBufferLike[]
}

/**
 * Copies the small octets of a group (summaries, headers, prefixes, short messages) into few buffers. Each for itself would
 * cross with the whole buffer that it is a view of, often some KiB of Node's pool, and be new memory on the other side.
 * Full chunks are moved as they are: `stage` made them for this one journey.
 */
export function gather(requests: readonly WriteRequest[], pool: ChunkPool): Gathered {
  const packer = createPacker(pool)
  return { requests: requests.map((request) => packed(request, packer)), buffers: packer.buffers }
}

/** The buffers of short messages: they are free when the group is answered. */
export function smallBuffers(requests: readonly WriteRequest[]): ArrayBufferLike[] {
  const buffers: ArrayBufferLike[] = []
  for (const request of requests) {
    for (const { buffer } of octetsOf(request)) if (buffer.byteLength === SMALL_BYTES) buffers.push(buffer)
  }
  return buffers
}

/** The octets of messages in a request. */
export function octetsOf(request: WriteRequest): readonly Uint8Array[] {
  if (request.type === 'put') return request.chunks
  return request.type === 'deliver' && typeof request.from !== 'string' ? [request.from] : []
}

function packed(request: WriteRequest, packer: Packer): WriteRequest {
  switch (request.type) {
    case 'put':
      return { ...request, chunks: request.chunks.map(packer.chunk) }
    case 'deliver': {
      const { delivery, from } = request
      const { summary, header, to } = delivery
      const targets = to.map((target) => (target.prefix ? { ...target, prefix: packer.octets(target.prefix) } : target))
      return {
        type: 'deliver',
        from: typeof from === 'string' ? from : packer.chunk(from),
        delivery: {
          ...delivery,
          summary: packer.octets(summary),
          ...(header && { header: packer.octets(header) }),
          to: targets,
        },
      }
    }
    case 'commit':
      return { ...request, ops: request.ops.map((op) => packedOp(op, packer)) }
    case 'summaries':
      return {
        ...request,
        rows: request.rows.map(({ emailId, summary }) => ({ emailId, summary: packer.octets(summary) })),
      }
    default:
      return request
  }
}

function packedOp(op: Op, packer: Packer): Op {
  if (op.op === 'meta') return op.value ? { ...op, value: packer.octets(op.value) } : op
  if (op.op !== 'append') return op
  return {
    ...op,
    summary: packer.octets(op.summary),
    ...(op.header && { header: packer.octets(op.header) }),
    ...(op.prefix && { prefix: packer.octets(op.prefix) }),
  }
}

interface Packer {
  readonly buffers: ArrayBufferLike[]
  /** A copy among others. */
  octets(octets: Uint8Array): Uint8Array
  /** A chunk of a message: a copy when it is short, else itself. */
  chunk(octets: Uint8Array): Uint8Array
}

function createPacker(pool: ChunkPool): Packer {
  const buffers: ArrayBufferLike[] = []
  let room: Uint8Array = new Uint8Array(0)

  function pack(octets: Uint8Array): Uint8Array {
    const size = octets.byteLength
    if (size > CHUNK_BYTES) {
      const own = Buffer.allocUnsafeSlow(size)
      own.set(octets)
      buffers.push(own.buffer)
      return own
    }
    if (size > room.byteLength) {
      room = pool.take(CHUNK_BYTES)
      buffers.push(room.buffer)
    }
    room.set(octets)
    const copy = room.subarray(0, size)
    room = room.subarray(size)
    return copy
  }

  return {
    buffers,
    octets: pack,
    chunk(octets) {
      if (octets.buffer.byteLength <= SMALL_BYTES) return pack(octets)
      buffers.push(octets.buffer)
      return octets
    },
  }
}
