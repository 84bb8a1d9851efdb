/** `@posthouse/mime/edit`: changes to a message's header that leave all other octets alone. */

import { concat, indexOf } from '../bytes.js'
import { createHeaderEditor, type HeaderEdit, isMboxTop, type NewField } from './header-editor.js'

export { createHeaderEditor, type HeaderEdit, type HeaderEditor, type NewField } from './header-editor.js'

/** Applies the edits to a whole message. Throws ComposeError for fields that cannot be written. */
export function editHeader(message: Uint8Array, edits: readonly HeaderEdit[]): Uint8Array {
  const editor = createHeaderEditor(edits)
  return concat([editor.write(message), editor.end()])
}

/** The message with the field in front of all others, for example a trace field. */
export function prependHeader(message: Uint8Array, field: NewField): Uint8Array {
  return editHeader(message, [{ prepend: field }])
}

/**
 * What {@link prependHeader} would put into a message that begins with `start`, and at which offset: for who puts a
 * message together from pieces. `start` has the message's first two lines, or its first 8,194 octets, or all of it.
 * `bytes` ends with an empty line where the message has no header that fields can be put in front of.
 */
export function placeInFront(start: Uint8Array, fields: readonly NewField[]): { at: number; bytes: Uint8Array } {
  const edited = editHeader(
    start,
    fields.map((prepend) => ({ prepend })),
  )
  const lf = indexOf(start, 0x0a)
  const at = !isMboxTop(start, lf === -1 ? start.length : lf) ? 0 : lf === -1 ? start.length : lf + 1
  return { at, bytes: edited.subarray(at, at + edited.length - start.length) }
}

/** The message with the field in place of all of that name; at the end of the header if there is none. */
export function replaceHeader(message: Uint8Array, field: NewField): Uint8Array {
  return editHeader(message, [{ replace: field }])
}

/** The message without any field of that name. */
export function removeHeader(message: Uint8Array, name: string): Uint8Array {
  return editHeader(message, [{ remove: name }])
}

/** The same edits on a message that streams by; only lines of the header are ever held. */
export function headerEditStream(edits: readonly HeaderEdit[]): TransformStream<Uint8Array, Uint8Array> {
  const editor = createHeaderEditor(edits)
  const pass = (bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void => {
    if (bytes.length > 0) controller.enqueue(bytes)
  }
  return new TransformStream({
    transform: (chunk, controller) => pass(editor.write(chunk), controller),
    flush: (controller) => pass(editor.end(), controller),
  })
}
