// The peer: smtp-server from npm, discarding; with `mailparser` as the third argument it parses each message first.
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

const parse = process.argv[3] === 'mailparser'
const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  size: 1 << 30,
  onData(stream, _session, done) {
    if (parse) {
      simpleParser(stream).then(() => done(), done)
    } else {
      stream.resume()
      stream.on('end', done)
    }
  },
})
server.on('error', () => {})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`ready ${server.server.address().port}`))
process.on('SIGTERM', () => process.exit(0))
