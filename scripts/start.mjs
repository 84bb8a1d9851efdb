// `npm start`: sets everything up on a fresh clone and runs the whole mail server of examples/mail-server.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './run.mjs'

await setUp()
const server = spawn(process.execPath, [join(root, 'examples', 'mail-server', 'dist', 'main.js')], {
  cwd: root,
  stdio: 'inherit',
})
// The terminal sends Ctrl-C to both; `kill` reaches only us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal))
server.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0)
})
