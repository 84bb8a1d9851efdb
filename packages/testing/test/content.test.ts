import { startTestMail } from '@posthouse/testing'
import { expect, test } from 'vitest'
import { findCode } from '../src/content/codes.js'
import { findLinks } from '../src/content/links.js'
import '../src/vitest.js'

const code = (text: string, options = {}, html = '') => findCode({ html, text, subject: '' }, options)

test.each([
  ['Your code is 482913.', '482913'],
  ['Your code:\n\n482 913\n', '482913'],
  ['Use G-482913 to sign in', 'G-482913'],
  ['Enter AB3-9KQ on the page', 'AB3-9KQ'],
  ['Call +49 30 1234567 or use code 731902 until 2026-11-23', '731902'],
  ['Order 100234 of 2026: pay 149.00 EUR. Your PIN: 4821', '4821'],
  ['x\n\n@example.test #918273', '918273'],
  ['Verification code 55555 (valid for 10 minutes)', '55555'],
])('the code in %j', (text, wanted) => {
  expect(code(text)).toBe(wanted)
})

test('codes in HTML: what is seen large, not what is hidden', () => {
  const html = `<html><head><style>.a{color:#123456}</style></head><body>
    <div style="display:none">999999</div><p>Order 100200</p>
    <p style="font-size:32px;letter-spacing:4px">774411</p><a href="https://example.test/?id=445566">open</a></body>`
  expect(code('', {}, html)).toBe('774411')
})

test('two codes that are as likely are an error with a list; saying more decides', () => {
  const text = 'codes 111222 and 333444'
  expect(() => code(text)).toThrow('111222, 333444')
  expect(() => code('nothing here')).toThrow('nothing that looks like a code')
  expect(code('Access 12345, code 123456', { digits: 5 })).toBe('12345')
  expect(code('Ref ABC-123\nTAN 998877 code 112233', { pattern: /TAN (\d+)/ })).toBe('998877')
  expect(() => code(text, { pattern: /\d{6}/g })).not.toThrow()
})

test('links of HTML and of text, each once, decoded once', () => {
  const html = `<a href="https://example.test/a?x=1&amp;y=%2520">Confirm <b>address</b></a>
    <a href="mailto:help@example.test">help</a><area href="https://example.test/map" alt="map">
    <form action="https://example.test/form"></form><a href="not a url">bad</a>`
  const text =
    'See <https://example.test/wrap\nped/path>, (https://example.test/b_(c)), https://example.test/a?x=1&y=%2520.'
  expect(findLinks(html, text).map(({ href, text }) => [href, text])).toEqual([
    ['https://example.test/a?x=1&y=%2520', 'Confirm address'],
    ['mailto:help@example.test', 'help'],
    ['https://example.test/map', 'map'],
    ['https://example.test/form', ''],
    ['https://example.test/wrapped/path', 'https://example.test/wrapped/path'],
    ['https://example.test/b_(c)', 'https://example.test/b_(c)'],
  ])
})

test('a message tells its link, and which there are when it cannot', async () => {
  await using mail = await startTestMail()
  const html = '<a href="https://example.test/yes">Confirm address</a> <a href="https://example.test/no">Not me</a>'
  const message = await mail.deliver('ada@mail.test', {
    subject: 'Confirm',
    html,
    attachments: [{ filename: 'data.json', content: Buffer.from('{"a":1}') }],
  })
  expect(message.link('Confirm').pathname).toBe('/yes')
  expect(message.link(/\/no$/).pathname).toBe('/no')
  expect(() => message.link()).toThrow('2 links fit')
  expect(() => message.link('Other')).toThrow('"Not me" https://example.test/no')
  expect(message.attachments[0].json()).toEqual({ a: 1 })
  expect(message).toHaveAttachment('data.json')
  expect(message).toSeeInHtml('Confirm address Not me')
  expect(message).not.toHaveAttachment(/pdf$/)
  expect(message).toSeeInOrder(['Confirm', 'Not me'])
  await expect(mail).toReceive({ subject: 'Confirm' })
  await expect(mail.inbox()).toReceiveNothing()
  await expect(expect(mail).toReceive({ subject: 'Other' }, { timeout: 5 })).rejects.toThrow('Nearest: "Confirm"')
})
