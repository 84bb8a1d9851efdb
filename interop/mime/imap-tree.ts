/** A FETCH value as a tree: lists, strings, NIL as null. Quoted strings and literals of the same octets compare equal. */
export type Tree = string | null | readonly Tree[]

/** Reads one value of a FETCH response. Atoms are kept as they are, in upper case. */
export function readTree(text: string, start = 0): { tree: Tree; end: number } {
  let at = start
  const read = (): Tree => {
    if (text[at] === '(') {
      at++
      const list: Tree[] = []
      while (text[at] !== ')') {
        if (at >= text.length) throw new Error('the list has no end')
        if (text[at] === ' ') at++
        else list.push(read())
      }
      at++
      return list
    }
    if (text[at] === '"') {
      let value = ''
      for (at++; text[at] !== '"'; at++) {
        if (text[at] === '\\') at++
        value += text[at]
      }
      at++
      return value
    }
    if (text[at] === '{') {
      const close = text.indexOf('}\r\n', at)
      const length = Number.parseInt(text.slice(at + 1, close), 10)
      at = close + 3 + length
      return text.slice(close + 3, at)
    }
    let atom = ''
    while (at < text.length && !' ()\r'.includes(text[at])) atom += text[at++]
    return atom.toUpperCase() === 'NIL' ? null : atom.toUpperCase()
  }
  const tree = read()
  return { tree, end: at }
}
