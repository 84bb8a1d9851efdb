import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/** A Thunderbird that is told by Marionette (Mozilla's remote protocol) what to do. */
export interface Thunderbird {
  /** Runs a script with the rights of the program's own code; its last argument is called with the result. */
  run(script: string, args: readonly unknown[]): Promise<unknown>
  quit(): Promise<void>
}

/** Starts it without a screen, on a profile folder. */
export async function startThunderbird(profile: string): Promise<Thunderbird> {
  const args = ['--headless', '--marionette', '-remote-allow-system-access', '--no-remote', '--profile', profile]
  const child: ChildProcess = spawn('thunderbird', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
  })
  const exited = once(child, 'exit')
  const port = await listeningPort(child)
  const call = await openMarionette(port)
  await call('WebDriver:NewSession', { capabilities: { alwaysMatch: { timeouts: { script: 60_000 } } } })
  await call('Marionette:SetContext', { value: 'chrome' })
  return {
    run: async (script, scriptArgs) =>
      (await call('WebDriver:ExecuteAsyncScript', { script, args: scriptArgs, newSandbox: false })) as unknown,
    async quit() {
      await call('Marionette:Quit', { flags: ['eForceQuit'] })
      await exited
    },
  }
}

/** It says on one of its outputs where it listens. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const said: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line)
        const found = /Listening on port (\d+)/.exec(line)
        if (found) resolve(Number(found[1]))
      })
    }
    child.once('exit', () => reject(new Error(`Thunderbird ended:\n${said.join('\n')}`)))
    child.once('error', reject)
  })
}

type Call = (name: string, params: object) => Promise<unknown>

/** Packets are `length:json`: `[0, id, name, params]` to it, `[1, id, error, result]` from it. */
async function openMarionette(port: number): Promise<Call> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let input = Buffer.alloc(0)
  let last = 0
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const greeted = once(socket, 'data')
  socket.on('data', (chunk: Buffer) => {
    input = Buffer.concat([input, chunk])
    for (;;) {
      const colon = input.indexOf(':')
      const size = Number(input.subarray(0, Math.max(0, colon)).toString())
      if (colon === -1 || input.length < colon + 1 + size) return
      const packet = JSON.parse(input.subarray(colon + 1, colon + 1 + size).toString()) as unknown
      input = input.subarray(colon + 1 + size)
      if (!Array.isArray(packet)) continue
      const [, id, error, result] = packet as [number, number, { message: string } | null, { value?: unknown } | null]
      const caller = waiting.get(id)
      waiting.delete(id)
      if (error) caller?.reject(new Error(error.message))
      else caller?.resolve(result?.value)
    }
  })
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Thunderbird has closed the connection'))
    waiting.clear()
  })
  socket.on('error', () => {})
  await greeted
  return (name, params) =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, reject })
      const packet = Buffer.from(JSON.stringify([0, id, name, params]))
      socket.write(Buffer.concat([Buffer.from(`${packet.length}:`), packet]))
    })
}
