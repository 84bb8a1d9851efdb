import type { CommandHandler, SessionCommand, SessionContext } from './command.js'

/** CAPA (RFC 2449 §5): what can be done in this state, gathered from the commands. */
export function createCapa(commands: () => Iterable<CommandHandler>): SessionCommand {
  return {
    keyword: 'CAPA',
    states: ['authorization', 'transaction'],
    run(context) {
      const lines: string[] = []
      for (const command of commands()) lines.push(...(command.capabilities?.(context) ?? []))
      lines.push(...general(context))
      context.engine.send({ type: 'lines', text: 'capabilities follow', lines: `${lines.join('\r\n')}\r\n` })
    },
  }
}

function general({ setup }: SessionContext): string[] {
  const lines = ['PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE']
  if (setup.expire !== null) lines.push(`EXPIRE ${setup.expire === 'never' ? 'NEVER' : setup.expire}`)
  if (setup.loginDelay > 0) lines.push(`LOGIN-DELAY ${setup.loginDelay}`)
  if (setup.implementation !== '') lines.push(`IMPLEMENTATION ${setup.implementation}`)
  return lines
}
