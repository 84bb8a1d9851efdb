// The product under test: a page to sign up, with a code that comes by mail.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import { createTransport } from 'nodemailer'

const { SMTP_URL = 'smtp://127.0.0.1:1025', PORT = '3000' } = process.env
const transport = createTransport(SMTP_URL, { from: 'Example <accounts@example.test>' })
const codes = new Map()

const page = (body) => `<!doctype html><html lang="en"><title>Example</title><main>${body}</main></html>`

const signUp = page(`<h1>Sign up</h1><form method="post" action="/code">
  <label>E-mail <input name="email" type="email" required></label> <button>Send me a code</button></form>`)

const enterCode = (email, problem = '') =>
  page(`<h1>Check your mail</h1><p role="alert">${problem}</p><form method="post" action="/confirm">
  <input type="hidden" name="email" value="${escapeHtml(email)}">
  <label>Code <input name="code" inputmode="numeric" required></label> <button>Confirm</button></form>
  <form method="post" action="/code"><input type="hidden" name="email" value="${escapeHtml(email)}">
  <button>Send it again</button></form>`)

function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

async function sendCode(email) {
  const code = String(randomInt(100_000, 1_000_000))
  codes.set(email, code)
  await transport.sendMail({
    to: email,
    subject: `${code} is your code`,
    text: `Your code is ${code}.\n\nExample Ltd, order 2026-100234, phone +49 30 1234567`,
    html: `<p>Your code is</p><p style="font-size:32px"><b id="code">${code}</b></p><p>Example Ltd, © 2026</p>`,
  })
}

async function answer(path, form) {
  const email = form.get('email') ?? ''
  if (path === '/code') {
    try {
      await sendCode(email)
    } catch {
      return page('<h1>Sorry</h1><p role="alert">We cannot send mail to this address.</p>')
    }
    return enterCode(email)
  }
  if (path !== '/confirm') return signUp
  if (codes.get(email) !== form.get('code')) return enterCode(email, 'This is not the code.')
  codes.delete(email)
  return page(`<h1>Welcome, ${escapeHtml(email)}</h1>`)
}

createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  const html = await answer(request.url, new URLSearchParams(body))
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
}).listen(Number(PORT), '127.0.0.1')
