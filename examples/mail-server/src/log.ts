import type { Log } from '@posthouse/wire'
import { destination, pino, stdSerializers } from 'pino'

/** One JSON object a line on standard error. `level`: what is less important is not written. */
export function createLog(level: string): Log {
  const logger = pino(
    {
      level,
      base: process.env.POSTHOUSE_WORKERS ? { pid: process.pid } : null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    // Written at once: the last line before an end is the one that matters.
    destination({ dest: 2, sync: true }),
  )
  return ({ level: how, message, ...details }) => logger[how](details, message)
}
