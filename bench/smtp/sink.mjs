// The floor of Node as a process: its rate is what a server can reach.
import { createLoop } from './loop.mjs'

const server = createLoop()
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`ready ${server.address().port}`))
