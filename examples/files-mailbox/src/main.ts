import { join, resolve } from 'node:path'
import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { withUidMap } from '@posthouse/store-api'
import { folderSource } from './files.js'
import { uidFiles } from './uid-file.js'

const folder = resolve(process.argv[2] ?? '.')
const account = withUidMap(folderSource(folder), uidFiles(join(folder, '.uids')))
const server = createImapServer({
  store: { open: async () => account },
  authenticate: (user, password) => (user === 'me' && password === 'secret' ? user : null),
})
const { port } = await listen(server, { port: Number(process.env.PORT ?? 2143) })
console.log(`${folder} is at imap://me:secret@127.0.0.1:${port}/`)
