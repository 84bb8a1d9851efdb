/** What a person wrote, without the text that their mail program quoted below it. */
export function withoutQuotes(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  // RFC 3676 §4.3: "-- " alone in a line begins the signature.
  const signature = lines.indexOf('-- ')
  if (signature !== -1) lines.length = signature
  while (lines.length > 0 && isQuote(lines[lines.length - 1])) lines.pop()
  if (lines[lines.length - 1]?.trimEnd().endsWith(':')) lines.pop() // "On Monday, Support wrote:"
  return lines.join('\n').trim()
}

function isQuote(line: string): boolean {
  return line.startsWith('>') || line.trim() === ''
}
