import { listen } from '@posthouse/smtp/node'
import { ticketServer } from './inbox.js'

const server = ticketServer(async (ticket) => console.log(ticket))
const { port } = await listen(server, { port: Number(process.env.PORT ?? 2525) })
console.log(`mail for support@example.test is taken on port ${port}`)
