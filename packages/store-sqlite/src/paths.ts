/** A normalised mailbox path as one text. Segments hold no control characters, so U+0001 separates them one to one. */
export type PathText = string

const SEPARATOR = '\u0001'

export function joinPath(path: readonly string[]): PathText {
  return path.join(SEPARATOR)
}

export function splitPath(text: PathText): readonly string[] {
  return text.split(SEPARATOR)
}
