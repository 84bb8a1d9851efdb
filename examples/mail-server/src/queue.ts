/**
 * What waits in the queue, and what is to become of it, while the server runs or not:
 *
 *   node examples/mail-server/dist/queue.js list|show|hold|release|cancel|status
 */
import { queueCommand } from './queue-command.js'
import { readSettings } from './settings.js'

try {
  await queueCommand(process.argv.slice(2), readSettings(process.env).data, (line) => console.log(line))
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
