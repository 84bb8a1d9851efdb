/**
 * Text that may be flowed again (RFC 3676, `text/plain; format=flowed`).
 *
 * A line that ends in a blank goes on in the next line of the same quote depth. Leading `>` give the depth; one blank
 * behind them was stuffed in and goes away. With DelSp=yes the blank at a flowed line's end is no text either. The
 * signature line `-- ` is always a line of its own.
 */

/** A paragraph, or a line that was fixed. */
export interface FlowedParagraph {
  /** Number of `>` in front, as sent. */
  quoteDepth: number
  text: string
}

const QUOTE = 0x3e
const SPACE = 0x20
const LF = 0x0a
const CR = 0x0d
const SIGNATURE = '-- '

/**
 * The paragraphs of a flowed text. Lines end with CRLF or LF; a line end at the very end begins no further line.
 * A paragraph that is cut off by another quote depth ends there (RFC 3676 §4.5).
 */
export function readFlowed(text: string, options: { delSp?: boolean } = {}): FlowedParagraph[] {
  const delSp = options.delSp === true
  const paragraphs: FlowedParagraph[] = []
  /** Lines of the paragraph that is still open. */
  let open: { quoteDepth: number; lines: string[] } | undefined
  const close = (): void => {
    if (open) paragraphs.push({ quoteDepth: open.quoteDepth, text: open.lines.join('') })
    open = undefined
  }
  for (let start = 0; start < text.length; ) {
    const lf = text.indexOf('\n', start)
    const next = lf === -1 ? text.length : lf + 1
    let end = lf === -1 ? text.length : lf
    if (end > start && text.charCodeAt(end - 1) === CR && text.charCodeAt(end) === LF) end--
    let at = start
    while (at < end && text.charCodeAt(at) === QUOTE) at++
    const quoteDepth = at - start
    if (text.charCodeAt(at) === SPACE && at < end) at++
    const line = text.slice(at, end)
    if (open && (open.quoteDepth !== quoteDepth || line === SIGNATURE)) close()
    const flows = line.endsWith(' ') && line !== SIGNATURE
    open ??= { quoteDepth, lines: [] }
    open.lines.push(flows && delSp ? line.slice(0, -1) : line)
    if (!flows) close()
    start = next
  }
  close()
  return paragraphs
}

/** The text with its paragraphs on one line each, lines ended by LF, quoted ones with `>` for each level and a blank. */
export function reflow(text: string, options: { delSp?: boolean } = {}): string {
  const lines = readFlowed(text, options).map(({ quoteDepth, text: paragraph }) => {
    if (quoteDepth === 0) return paragraph
    return paragraph === '' ? '>'.repeat(quoteDepth) : `${'>'.repeat(quoteDepth)} ${paragraph}`
  })
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
