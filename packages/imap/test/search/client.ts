import { fromUtf8, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection, type MemoryConnectionOptions } from '@posthouse/wire/testing'
import type { TestServer } from '../servers.js'

/** A client over memory that gives the lines of each answer. */
export interface TestClient {
  readonly connection: MemoryConnection
  /** Sends a command, its tag first; gives all lines up to its end. */
  run(command: string): Promise<string[]>
}

/** Logs in and selects INBOX. */
export async function selectedClient(made: TestServer, options: MemoryConnectionOptions = {}): Promise<TestClient> {
  const connection = connectInMemory(made.server, options)
  let heard = ''
  const client: TestClient = {
    connection,
    async run(command) {
      const tag = command.slice(0, command.indexOf(' '))
      connection.send(fromUtf8(`${command}\r\n`))
      const lines: string[] = []
      for (;;) {
        const end = heard.indexOf('\r\n')
        if (end === -1) {
          if (connection.closed) throw new Error(`closed at ${command}`)
          await connection.output()
          heard += latin1(connection.take())
          continue
        }
        lines.push(heard.slice(0, end))
        heard = heard.slice(end + 2)
        if (lines[lines.length - 1]?.startsWith(`${tag} `)) return lines
      }
    },
  }
  await client.run('l1 LOGIN alice secret')
  await client.run('l2 SELECT INBOX')
  return client
}
