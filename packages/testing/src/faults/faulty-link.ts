import type { Link } from '@posthouse/wire'

/** What a faulty link does in its own way. */
export interface LinkChanges {
  flush(): void | Promise<void>
  close(): void
}

/** A link that is another one, but for what is changed. */
export function faultyLink(link: Link, { flush, close }: LinkChanges): Link {
  return {
    id: link.id,
    remote: link.remote,
    local: link.local,
    tls: link.tls,
    upgraded: link.upgraded,
    loopback: link.loopback,
    canStartTls: link.canStartTls,
    canCompress: link.canCompress,
    get inputWaits() {
      return link.inputWaits
    },
    get signal() {
      return link.signal
    },
    log: link.log,
    now: () => link.now(),
    delay: (ms) => link.delay(ms),
    flush,
    sent() {
      const slow = flush()
      return slow ? slow.then(() => link.sent()) : link.sent()
    },
    startTls: () => link.startTls(),
    compress: () => link.compress(),
    close,
    abort: (message) => link.abort(message),
    idleTimeout: (ms) => link.idleTimeout(ms),
    deadline: (ms) => link.deadline(ms),
  }
}
