import type { SessionCommand } from './command.js'

/** QUIT (RFC 1939 §4 and §6): what was marked is removed now and only now; a failure of that is told. */
export const quit: SessionCommand = {
  keyword: 'QUIT',
  states: ['authorization', 'transaction'],
  async run({ drop, ok, error, close, log, link, setup }) {
    try {
      await drop?.update(setup.markSeen)
      ok('goodbye')
    } catch (reason) {
      log({ level: 'error', event: 'update.failed', connection: link.id, error: reason })
      error('some deleted messages were not removed', 'SYS/TEMP')
    }
    close()
  },
}
