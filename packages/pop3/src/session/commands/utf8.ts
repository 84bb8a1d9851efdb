import type { SessionCommand } from './command.js'

/** UTF8 (RFC 6856 §2): messages come as they are stored. Names and passwords may be UTF-8 without it (`USER`). */
export const utf8: SessionCommand = {
  keyword: 'UTF8',
  states: ['authorization'],
  capabilities: () => ['UTF8 USER'],
  run(context, { argument }) {
    if (argument !== '') return context.mistake('UTF8 takes no argument')
    context.utf8 = true
    context.ok('UTF8 enabled')
  },
}
