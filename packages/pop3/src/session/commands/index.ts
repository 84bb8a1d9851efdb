import { apop } from './apop.js'
import { auth } from './auth.js'
import { createCapa } from './capa.js'
import type { CommandHandler } from './command.js'
import { dele } from './dele.js'
import { lang } from './lang.js'
import { listCommand } from './list.js'
import { noop } from './noop.js'
import { pass } from './pass.js'
import { quit } from './quit.js'
import { retr } from './retr.js'
import { rset } from './rset.js'
import { stat } from './stat.js'
import { stls } from './stls.js'
import { top } from './top.js'
import { uidl } from './uidl.js'
import { user } from './user.js'
import { utf8 } from './utf8.js'

/** All commands by keyword. */
export const commands: ReadonlyMap<string, CommandHandler> = new Map(
  [
    ...[top, uidl, user, pass, apop, auth, stls, utf8, lang],
    ...[stat, listCommand, retr, dele, rset, noop, quit],
    createCapa(() => commands.values()),
  ].map((command) => [command.keyword, command]),
)
