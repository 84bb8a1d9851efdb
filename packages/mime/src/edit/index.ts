/** `@posthouse/mime/edit`: changes to a message's header that leave all other octets alone. */

import { concat } from '../bytes.js'
import { createHeaderEditor, type HeaderEdit, type NewField } from './header-editor.js'

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
