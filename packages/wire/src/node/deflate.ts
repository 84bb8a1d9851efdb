import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'

/** How much a peer's compressed octets may grow: beyond it the stream is an attack, not mail. */
const MAX_RATIO = 200
/** Octets that may be inflated whatever the ratio, so that small runs of spaces are no crime. */
const FREE_OCTETS = 1 << 20

export interface DeflateDuplex {
  /** Compressed octets from the peer. */
  receive(chunk: Uint8Array): void
  /** Octets for the peer, in order; all of them leave before anything written later. */
  write(pieces: readonly Uint8Array[]): void
  end(done: () => void): void
  destroy(): void
}

/** DEFLATE in both directions (RFC 4978): each batch of output ends with a sync flush, so that the peer sees it whole. */
export function createDeflateDuplex(to: {
  received(chunk: Uint8Array): void
  write(chunk: Uint8Array): void
  failed(message: string): void
}): DeflateDuplex {
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
  const deflate = createDeflateRaw({ level: 6, memLevel: 8 })
  let compressed = 0
  let inflated = 0
  inflate.on('data', (chunk: Uint8Array) => {
    inflated += chunk.length
    if (inflated > FREE_OCTETS && inflated > compressed * MAX_RATIO) return to.failed('compressed data grows too much')
    to.received(chunk)
  })
  inflate.on('error', (error: Error) => to.failed(`compressed data is broken: ${error.message}`))
  deflate.on('data', to.write)
  return {
    receive(chunk) {
      compressed += chunk.length
      inflate.write(chunk)
    },
    write(pieces) {
      for (const piece of pieces) deflate.write(piece)
      deflate.flush(constants.Z_SYNC_FLUSH)
    },
    end(done) {
      deflate.once('end', done)
      deflate.end()
    },
    destroy() {
      inflate.destroy()
      deflate.destroy()
    },
  }
}
