import { startMailStorage } from './server.js'

const { DATA = './data', DOMAINS = 'example.org', USERS = 'alice@example.org:secret' } = process.env
const users = new Map(USERS.split(',').map((user) => user.split(':') as [string, string]))
await startMailStorage({ data: DATA, domains: DOMAINS.split(','), users, lmtpPort: 2424, imapPort: 2143 })
console.log('LMTP on port 2424, IMAP on port 2143')
