/** `npx @posthouse/testing`: a test server for programs of any language. */
import { parseArgs } from 'node:util'
import { TestMailError } from '../errors.js'
import { describeMessage } from '../explain.js'
import type { ListenAt, TestMailOptions, TestUser } from '../options.js'
import type { Endpoints, TestMail } from '../test-mail.js'
import { startTestMail } from './start.js'

const HELP = `Usage: npx @posthouse/testing [options]

A mail server for tests: SMTP, IMAP, POP3, and HTTP to ask what came. Everything is in memory.

  --smtp PORT         default 1025     --no-imap, --no-pop3, --no-http leave one out
  --imap PORT         default 1143     A default port that is taken is replaced by a free one;
  --pop3 PORT         default 1110     one that you name must be free. 0: any free port.
  --http PORT         default 8025
  --tls               STARTTLS with a certificate that is made now; GET /api/v1/server has its authority
  --user NAME[:PASS]  only these users (may be said again); without: every address, any password
  --host ADDRESS      default 127.0.0.1; another one needs --expose
  --expose            let other machines in: whoever reaches the ports reads the mail
  --allow-host NAME   a name under which HTTP may be asked, beside localhost and addresses
  --json              events as JSON, one in a line: ready, message
  --quiet             no line for each message
  --help
`

type Service = 'smtp' | 'imap' | 'pop3' | 'http'

const PORTS: Readonly<Record<Service, number>> = { smtp: 1025, imap: 1143, pop3: 1110, http: 8025 }
const SERVICES = Object.keys(PORTS) as readonly Service[]

interface Command {
  readonly values: ReturnType<typeof parse>
  readonly options: TestMailOptions
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const several = { type: 'string', multiple: true } as const
  const options = {
    ...{ smtp: text, imap: text, pop3: text, http: text, host: text },
    ...{
      'no-imap': flag,
      'no-pop3': flag,
      'no-http': flag,
      tls: flag,
      expose: flag,
      json: flag,
      quiet: flag,
      help: flag,
    },
    ...{ user: several, 'allow-host': several },
  } as const
  return parseArgs({ args: [...args], options, strict: true }).values
}

function commandOf(args: readonly string[]): Command {
  const values = parse(args)
  const { host = '127.0.0.1', user, expose } = values
  if (!expose && !['127.0.0.1', '::1', 'localhost'].includes(host)) {
    throw new TestMailError(
      'options',
      `--host ${host} lets other machines read the mail: say --expose if that is wanted`,
    )
  }
  const users: readonly TestUser[] | undefined = user?.map((one) => {
    const colon = one.indexOf(':')
    return colon === -1 ? { address: one } : { address: one.slice(0, colon), password: one.slice(colon + 1) }
  })
  return { values, options: { host, ...(users && { users }), ...(values.tls && { tls: 'auto' }) } }
}

function portOf(service: Service, { values }: Command): number | null {
  if (service !== 'smtp' && values[`no-${service}`]) return null
  const said = values[service]
  if (said === undefined) return PORTS[service]
  const port = Number(said)
  if (!/^\d+$/.test(said) || port > 65_535) throw new TestMailError('options', `--${service} ${said} is no port`)
  return port
}

/** Starts; a default port that is taken is replaced, and `moved` is told. */
async function start(command: Command, moved: (service: Service) => void): Promise<TestMail> {
  const ports = new Map(SERVICES.map((service) => [service, portOf(service, command)]))
  for (;;) {
    const at = (service: Service): ListenAt | false => {
      const port = ports.get(service) ?? null
      return port === null ? false : { port }
    }
    const http = at('http') && { ...at('http'), allowedHosts: command.values['allow-host'] ?? [] }
    try {
      return await startTestMail({ ...command.options, smtp: at('smtp'), imap: at('imap'), pop3: at('pop3'), http })
    } catch (error) {
      const taken = takenPort(error)
      const service = SERVICES.find((one) => ports.get(one) === taken && command.values[one] === undefined)
      if (taken === null || !service) throw error
      ports.set(service, 0)
      moved(service)
    }
  }
}

function takenPort(error: unknown): number | null {
  const { cause } = error as { cause?: { code?: string; port?: number } }
  return cause?.code === 'EADDRINUSE' ? (cause.port ?? null) : null
}

function announce({ endpoints }: TestMail, moved: ReadonlySet<Service>, { values }: Command): string {
  const lines = SERVICES.flatMap((service) => {
    const endpoint = endpoints[service]
    if (!endpoint) return []
    const why = moved.has(service) ? `   (${PORTS[service]} is taken)` : ''
    return [`  ${service.toUpperCase().padEnd(6)}${endpoint.url}${why}`]
  })
  const login = values.user
    ? `Users: ${values.user.map((one) => one.split(':')[0]).join(', ')}`
    : 'Any user, any password'
  return ['Posthouse test mail', ...lines, `${login}. Ctrl-C ends it, and the mail with it.`].join('\n')
}

function ready(endpoints: Endpoints, moved: ReadonlySet<Service>) {
  return { event: 'ready', ...endpoints, moved: [...moved] }
}

async function follow(mail: TestMail, { values }: Command): Promise<void> {
  for await (const message of mail) {
    const { id, receivedAt, subject, envelope } = message
    if (values.json) console.log(JSON.stringify({ event: 'message', id, receivedAt, subject, envelope }))
    else if (!values.quiet) console.log(`${receivedAt.toTimeString().slice(0, 8)}  ${describeMessage(message)}`)
  }
}

async function main(): Promise<void> {
  const command = commandOf(process.argv.slice(2))
  if (command.values.help) return void process.stdout.write(HELP)
  const moved = new Set<Service>()
  const mail = await start(command, (service) => moved.add(service))
  const end = (): void => void mail.dispose()
  process.once('SIGINT', end).once('SIGTERM', end)
  // Who has read where the ports are may stop reading: the server goes on.
  process.stdout.on('error', () => {})
  if (command.values.json) console.log(JSON.stringify(ready(mail.endpoints, moved)))
  else console.log(announce(mail, moved, command))
  await follow(mail, command)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) console.error('--help says what there is')
  process.exitCode = 1
})
