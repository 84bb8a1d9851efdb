import { connectSmtp, listen } from '@posthouse/smtp/node'
import { createDesk } from './desk.js'

const { SMARTHOST = 'localhost', SMARTHOST_PORT = '25', SECRET = 'change me', DOMAIN = 'example.test' } = process.env
const desk = createDesk({
  domain: DOMAIN,
  secret: SECRET,
  outgoing: () => connectSmtp({ host: SMARTHOST, port: Number(SMARTHOST_PORT) }),
})
const { port } = await listen(desk.server, { port: Number(process.env.PORT ?? 2525) })
console.log(`mail for support@${DOMAIN} is taken on port ${port}; answers leave through ${SMARTHOST}`)
