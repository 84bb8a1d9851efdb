/**
 * One IMAP client that hardly reads what it hears: port, account, rounds, then commands. Before the measured ones come
 * commands that only prepare (`! SELECT INBOX`). Prints a JSON list of the milliseconds of each measured command, the
 * fastest of the rounds, and the octets that it was answered with. `@append N` sends N messages of 2 KB in one go;
 * `@changes N` changes the flags of N messages and asks what has changed since.
 */
import { once } from 'node:events'
import { connect } from 'node:net'

const [port, account, rounds, ...commands] = process.argv.slice(2)
const socket = connect(Number(port), '127.0.0.1')
socket.setNoDelay(true)
await once(socket, 'connect')
socket.on('close', () => {
  throw new Error('the server closed the connection')
})

let tags = 0

/** Sends a command with its tag; resolves with the octets of its answer when the tagged line has come. */
function run(command) {
  const tag = `t${++tags}`
  return hear(`\r\n${tag} `, `${tag} ${command}\r\n`)
}

function hear(end, request) {
  const wanted = Buffer.from(end)
  return new Promise((resolve, reject) => {
    let octets = 0
    // The tagged line begins a line, also when it is the first of all.
    let tail = Buffer.from('\r\n')
    let line = null
    const listen = (chunk) => {
      octets += chunk.length
      if (line === null) {
        // An end that is cut in two: look at the seam alone, then at the chunk.
        const seam = Buffer.concat([tail, chunk.subarray(0, wanted.length - 1)])
        const early = seam.indexOf(wanted)
        const at = early === -1 ? chunk.indexOf(wanted) : early - tail.length
        if (at === -1 && early === -1) {
          const kept = Buffer.concat([tail, chunk.subarray(Math.max(0, chunk.length - wanted.length + 1))])
          tail = kept.subarray(Math.max(0, kept.length - wanted.length + 1))
          return
        }
        line = chunk.subarray(Math.max(0, at + wanted.length))
      } else {
        line = Buffer.concat([line, chunk])
      }
      if (!line.includes('\r\n')) return
      socket.off('data', listen)
      const status = line.toString('latin1')
      if (!status.startsWith('OK')) reject(new Error(`${request?.slice(0, 80)}: ${status}`))
      else resolve(octets)
    }
    socket.on('data', listen)
    if (request) socket.write(request)
  })
}

const SPECIAL = {
  async append(count) {
    const message = `From: a@example.org\r\nSubject: appended\r\n\r\n${'x'.repeat(76)}\r\n`.padEnd(2_000, 'y')
    const tag = `t${++tags}`
    const commands = Array.from({ length: count - 1 }, () => `a APPEND INBOX {${message.length}+}\r\n${message}\r\n`)
    const last = `${tag} APPEND INBOX {${message.length}+}\r\n${message}\r\n`
    const start = performance.now()
    await hear(`\r\n${tag} `, commands.join('') + last)
    return performance.now() - start
  },
  async changes(count, round) {
    const told = await text('STATUS INBOX (HIGHESTMODSEQ)')
    const since = /HIGHESTMODSEQ (\d+)/.exec(told)[1]
    await run(`STORE 1:${count} ${round % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Answered)`)
    const start = performance.now()
    await run(`FETCH 1:* (FLAGS) (CHANGEDSINCE ${since})`)
    return performance.now() - start
  },
}

/** A command whose short answer is wanted. */
async function text(command) {
  let heard = ''
  const listen = (chunk) => {
    heard += chunk.toString('latin1')
  }
  socket.on('data', listen)
  await run(command)
  socket.off('data', listen)
  return heard
}

await new Promise((resolve) => socket.once('data', resolve))
await run(`LOGIN ${account} secret`)
const results = []
for (const command of commands) {
  if (command.startsWith('! ')) {
    await run(command.slice(2))
    continue
  }
  if (command.startsWith('@')) {
    const [kind, count] = command.slice(1).split(' ')
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < Number(rounds); round++)
      best = Math.min(best, await SPECIAL[kind](Number(count), round))
    results.push({ ms: best, octets: 0 })
    continue
  }
  // Several steps of one round, of which the ones with a star are measured: `*STORE ...|STORE ...`.
  const steps = command.split('|')
  let best = Number.POSITIVE_INFINITY
  let octets = 0
  for (let round = 0; round < Number(rounds); round++) {
    let spent = 0
    for (const step of steps) {
      const measured = steps.length === 1 || step.startsWith('*')
      const start = performance.now()
      const heard = await run(step.startsWith('*') ? step.slice(1) : step)
      if (!measured) continue
      spent += performance.now() - start
      octets = heard
    }
    best = Math.min(best, spent)
  }
  results.push({ ms: best, octets })
}
socket.removeAllListeners('close')
console.log(JSON.stringify(results))
socket.destroy()
