import { createReader } from '../read/reader.js'
import { storeErrorOf } from '../sql/connection.js'
import type { Driver } from '../sql/driver.js'
import { createWriter } from '../write/writer.js'
import { type Backend, createWriteQueue } from './backend.js'
import type { BackendOptions } from './options.js'

/** ms for which one call may block this thread while another process writes. */
const BLOCKING = 50

/** Everything in the calling thread: for scripts, tests, and bundles that hold no worker file. */
export function openInThread(driver: Driver, options: BackendOptions): Backend {
  const { files, limits } = options
  const writer = createWriter(driver, files, limits, BLOCKING, options.clock())
  const reader = createReader(driver, files, 5_000)
  const queue = createWriteQueue({
    run: (requests, now) => writer.run(requests, now),
    clock: options.clock,
    patience: limits.busy,
    onNotes: options.onNotes,
  })
  return {
    buffer: (octets) => Buffer.allocUnsafeSlow(octets),
    giveBack: () => undefined,
    write: (request) => queue.add(request),
    async read(request) {
      try {
        return reader.answer(request)
      } catch (error) {
        throw storeErrorOf(error)
      }
    },
    async close() {
      await queue.close()
      reader.close()
      writer.close()
    },
  }
}
