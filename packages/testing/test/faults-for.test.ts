/** Faults of IMAP and POP3 that are only for some: mailboxes, numbers, who logs in. */
import { connect } from 'node:net'
import { on, type Script, startTestMail } from '@posthouse/testing'
import { describe, expect, test } from 'vitest'

describe('only for some', () => {
  /** Says lines without waiting, and gives what the server says until it closes. */
  function talk(port: number, lines: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      let said = ''
      const socket = connect(port, '127.0.0.1')
      socket.on('data', (chunk) => {
        said += chunk
      })
      socket.on('error', () => {}).once('close', () => resolve(said))
      socket.write(lines.map((line) => `${line}\r\n`).join(''))
    })
  }
  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  test.each<[string, Script, string]>([
    ['a literal behind the name', on.imap.append.for('INBOX').no('x'), 'APPEND INBOX {1+}\r\ny'],
    ['a quoted name', on.imap.select.for('my box').no('x'), 'SELECT "My Box"'],
    ['a literal', on.imap.select.for('My Box').no('x'), 'SELECT {6+}\r\nMy Box'],
    ['modified UTF-7', on.imap.create.for('Entwürfe/2026').no('x'), 'CREATE Entw&APw-rfe/2026'],
    ['all arguments, as before', on.imap.select.for('"My Box"').no('x'), 'SELECT "My Box"'],
    ['a pattern', on.imap.status.for(/^work/i).no('x'), 'STATUS Work/1 (MESSAGES)'],
    ['numbers', on.imap.fetch.for('1:*').no('x'), 'FETCH 1:* FLAGS'],
    ['two arguments', on.imap.rename.for('a').no('x'), 'RENAME a b'],
  ])('IMAP: %s', async (_name, script, line) => {
    await using mail = await startTestMail({ imap: true, strictScripts: true })
    mail.script(script)
    const lines = ['1 LOGIN eve x', 's SELECT INBOX', `2 ${line}`, '3 LOGOUT']
    expect(await talk(mail.imap?.port as number, lines)).toContain('\r\n2 NO x\r\n')
  })

  test.each([
    'LOGIN ADA x',
    'LOGIN "ada" {1+}\r\nx',
    `AUTHENTICATE PLAIN ${base64('\0ada\0x')}`,
    `AUTHENTICATE LOGIN ${base64('ada')}`,
    `AUTHENTICATE XOAUTH2 ${base64('user=ada\u0001auth=Bearer x\u0001\u0001')}`,
    `AUTHENTICATE OAUTHBEARER ${base64('n,a=ada,\u0001auth=Bearer x\u0001\u0001')}`,
    `AUTHENTICATE SCRAM-SHA-256 ${base64('n,,n=ada,r=nonce')}`,
  ])('IMAP: %s', async (line) => {
    await using mail = await startTestMail({ imap: true })
    mail.script(on.imap.login.for('ada').no('not ada'), on.imap.login.for('x').no('a password'))
    const { port } = mail.imap as { port: number }
    expect(await talk(port, [`1 ${line}`, '2 LOGIN eve x', '3 LOGOUT'])).toMatch(/1 NO not ada\r\n2 OK/)
  })

  test.each(['PASS x', 'APOP ada 0123456789abcdef0123456789abcdef', `AUTH PLAIN ${base64('\0ada\0x')}`])(
    'POP3: %s',
    async (line) => {
      await using mail = await startTestMail({ pop3: true, strictScripts: true })
      mail.script(on.pop3.login.for('ada').err('not ada'))
      expect(await talk(mail.pop3?.port as number, ['USER ada', line, 'QUIT'])).toContain('-ERR not ada')
    },
  )
})
