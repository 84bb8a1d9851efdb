/** `@posthouse/testing/http`: the HTTP interface of a test server, to mount or to serve. */

export { type ServedTestMail, type ServeOptions, serveTestMail } from '../node/http.js'
export type { HttpAccess } from '../options.js'
export { createTestMailApi } from './api.js'
