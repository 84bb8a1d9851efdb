// The servers side by side, each behind the same few functions: what a test has to write to wait for a mail. `import` is
// timed apart from `start`.
import { once } from 'node:events'
import { createServer } from 'node:net'

const host = '127.0.0.1'

/** Waits by recipient, for servers that have none of their own. */
function createWaits() {
  const waits = new Map()
  return {
    waitFor: (address) => new Promise((resolve) => waits.set(address, resolve)),
    arrived(address) {
      waits.get(address)?.()
      waits.delete(address)
    },
  }
}

async function posthouse(options) {
  const { startTestMail } = await import('@posthouse/testing')
  return async () => {
    const mail = await startTestMail(options)
    return {
      port: mail.smtp.port,
      waitFor: (address) => mail.inbox(address).next({ timeout: 60_000 }),
      close: () => mail.dispose(),
    }
  }
}

/** Written by hand on smtp-server: a map of waits, each message parsed by mailparser. */
async function smtpServer() {
  const { SMTPServer } = await import('smtp-server')
  const { simpleParser } = await import('mailparser')
  return async () => {
    const waits = createWaits()
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      onData: (stream, { envelope }, done) =>
        simpleParser(stream).then(() => {
          for (const { address } of envelope.rcptTo) waits.arrived(address)
          done()
        }, done),
    })
    server.on('error', () => {})
    await new Promise((resolve) => server.listen(0, host, resolve))
    return {
      port: server.server.address().port,
      waitFor: waits.waitFor,
      close: () => new Promise((resolve) => server.close(resolve)),
    }
  }
}

async function smtpTester(peers) {
  const { default: tester } = await import(`${peers}/node_modules/smtp-tester/lib/index.js`)
  return async () => {
    const server = tester.init(0)
    server.smtpServer.on('error', () => {})
    await once(server.smtpServer.server, 'listening')
    return {
      port: server.smtpServer.server.address().port,
      waitFor: (address) => server.captureOne(address),
      close: () => new Promise((resolve) => server.stop(resolve)),
    }
  }
}

async function mailDev(peers) {
  const { MailDev } = await import(`${peers}/node_modules/maildev/dist/index.js`)
  return async () => {
    const waits = createWaits()
    const server = new MailDev({ smtp: 0, ip: host, web: 0, webIp: host, silent: true })
    const { smtp } = await server.start()
    smtp.on('new', ({ envelope }) => {
      for (const recipient of envelope.to) waits.arrived(recipient.address ?? recipient)
    })
    return { port: smtp.getPort(), waitFor: waits.waitFor, close: () => server.stop() }
  }
}

/** What Node itself takes: it answers without understanding, and a message is for whoever waits. */
async function loop() {
  const { createLoop } = await import('../smtp/loop.mjs')
  return async () => {
    let arrived = () => {}
    const server = createLoop(() => arrived())
    server.listen(0, host)
    await once(server, 'listening')
    return {
      port: server.address().port,
      waitFor: () => new Promise((resolve) => (arrived = resolve)),
      close: () => new Promise((resolve) => server.close(resolve)),
    }
  }
}

/** Node with a listener that does nothing: what memory is compared with. */
async function bare() {
  return async () => {
    const server = createServer()
    server.listen(0, host)
    await once(server, 'listening')
    return { port: server.address().port, close: () => new Promise((resolve) => server.close(resolve)) }
  }
}

/** By name: loads the server's modules, and gives what starts one. */
export const SERVERS = {
  posthouse: () => posthouse({}),
  'posthouse, with IMAP and POP3': () => posthouse({ imap: true, pop3: true }),
  'smtp-server + mailparser': smtpServer,
  'smtp-tester': smtpTester,
  'MailDev 3': mailDev,
  'node:net loop': loop,
  bare,
}
