/** How much a peer's compressed octets may grow: beyond it the stream is an attack, not mail. */
const MAX_RATIO = 200
/** Octets that may be inflated whatever the ratio, so that small runs of spaces are no crime. */
const FREE_OCTETS = 1 << 20

export interface DeflateDuplex {
  /** Compressed octets from the peer. */
  receive(chunk: Uint8Array): void
  /** No more will come from the peer: `ended` is told behind the last octets. */
  receiveEnd(): void
  /** Stops and starts telling what was received. */
  pause(): void
  resume(): void
  /** Octets for the peer, in order; all of them leave before anything written later. */
  write(pieces: readonly Uint8Array[]): void
  /** Octets for the peer that are not compressed yet. */
  readonly held: number
  /** A promise until nothing is held. */
  taken(): void | Promise<void>
  end(done: () => void): void
  destroy(): void
}

/** DEFLATE in both directions (RFC 4978): each batch of output ends with a sync flush, so that the peer sees it whole. */
export function createDeflateDuplex(to: {
  received(chunk: Uint8Array): void
  ended(): void
  write(chunk: Uint8Array): void
  failed(message: string): void
}): DeflateDuplex {
  // Loaded for the first who compresses: it is a tenth of what there is to load for a server, and few ask for it.
  const { constants, createDeflateRaw, createInflateRaw } = process.getBuiltinModule('node:zlib')
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
  const deflate = createDeflateRaw({ level: 6, memLevel: 8 })
  let compressed = 0
  let inflated = 0
  let held = 0
  let waiting: (() => void)[] = []
  inflate.on('data', (chunk: Uint8Array) => {
    inflated += chunk.length
    if (inflated > FREE_OCTETS && inflated > compressed * MAX_RATIO) return to.failed('compressed data grows too much')
    to.received(chunk)
  })
  inflate.on('end', to.ended)
  inflate.on('error', (error: Error) => to.failed(`compressed data is broken: ${error.message}`))
  deflate.on('data', to.write)
  deflate.on('error', (error: Error) => to.failed(`cannot compress: ${error.message}`))

  function release(count: number): void {
    held -= count
    if (held > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  return {
    receive(chunk) {
      compressed += chunk.length
      inflate.write(chunk)
    },
    receiveEnd: () => void inflate.end(),
    pause: () => void inflate.pause(),
    resume: () => void inflate.resume(),
    write(pieces) {
      let count = 0
      for (const piece of pieces) {
        deflate.write(piece)
        count += piece.length
      }
      held += count
      deflate.flush(constants.Z_SYNC_FLUSH, () => release(count))
    },
    get held() {
      return held
    },
    taken() {
      if (held > 0) return new Promise((resolve) => waiting.push(resolve))
    },
    end(done) {
      deflate.once('end', done)
      deflate.end()
    },
    destroy() {
      inflate.destroy()
      deflate.destroy()
      release(held)
    },
  }
}
