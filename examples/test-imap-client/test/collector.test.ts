import { on, startTestMail, type TestMail } from '@posthouse/testing'
import { fixture, fixtureNames } from '@posthouse/testing/fixtures'
import { expect, test } from 'vitest'
import { collect, type Position } from '../src/collector.js'

const run = (mail: TestMail, since: Position | null = null) =>
  collect(mail.imap as { host: string; port: number }, since)

test('a mailbox with all the awkward messages', async () => {
  await using mail = await startTestMail({ imap: true })
  for (const name of fixtureNames) {
    if (name !== 'large') await mail.deliver('ada@mail.test', fixture(name))
  }
  const { files, unreadable, position } = await run(mail)
  expect(unreadable).toEqual([])
  expect(position.lastUid).toBe(fixtureNames.length - 1)
  expect(files.map(({ filename }) => filename)).toEqual(
    expect.arrayContaining(['pixel.png', 'data.json', 'Rechnung März.pdf', 'winmail.dat', 'signature.asc']),
  )
  // Twenty megabytes are no other matter.
  await mail.deliver('ada@mail.test', fixture('large'))
  expect((await run(mail, position)).files).toMatchObject([{ filename: 'large.bin', octets: 14_820_000 }])
})

test('only what is new, and everything when the UIDs are void', async () => {
  await using mail = await startTestMail({ imap: true, strictScripts: true })
  await mail.deliver('ada@mail.test', fixture('attachments'), { flags: ['\\Seen'] })
  const first = await run(mail)
  expect(first.files).toHaveLength(2)
  expect((await run(mail, first.position)).files).toEqual([])
  await mail.deliver('ada@mail.test', fixture('winmail'))
  const second = await run(mail, first.position)
  expect(second.files.map(({ filename }) => filename)).toEqual(['winmail.dat'])

  mail.script(on.imap.select.once().uidValidity('bump'))
  const again = await run(mail, second.position)
  expect(again.position.uidValidity).not.toBe(second.position.uidValidity)
  expect(again.files).toHaveLength(3)
})

test('a message that is gone before it is fetched is no error', async () => {
  await using mail = await startTestMail({ imap: true, strictScripts: true })
  await mail.deliver('ada@mail.test', fixture('attachments'))
  await mail.deliver('ada@mail.test', fixture('winmail'))
  mail.script(on.imap.search.once().expungeMeanwhile('first'))
  expect((await run(mail)).files.map(({ filename }) => filename)).toEqual(['winmail.dat'])
})

test.each([
  ['a literal that is cut in two', on.imap.fetch.once().dropMidLiteral()],
  ['a server that goes down', on.imap.fetch.once().bye('going down')],
  ['a login for which there is no time', on.imap.login.once().no('[UNAVAILABLE] later')],
])('%s is an error, and the next run gets it all', async (_name, script) => {
  await using mail = await startTestMail({ imap: true, strictScripts: true })
  await mail.deliver('ada@mail.test', fixture('attachments'))
  mail.script(script)
  await expect(run(mail)).rejects.toThrow()
  expect((await run(mail)).files).toHaveLength(2)
})
