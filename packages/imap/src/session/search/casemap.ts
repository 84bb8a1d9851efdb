/**
 * i;unicode-casemap (RFC 5051), the collation of I18NLEVEL=1 (RFC 5255 §4.2): each character in simple titlecase, then
 * fully decomposed. Whatever is compared here, in SEARCH, SORT and THREAD, is compared in this form.
 */

/** Folds text. Folding the pieces of a text gives the folded text, wherever it is cut between characters. */
export function casemap(text: string): string {
  if (isAscii(text)) return text.toUpperCase()
  const upper = text.toUpperCase()
  // What becomes longer (ß) has no simple titlecase: character by character then.
  if (upper.length === text.length && !hasOtherTitlecase(text)) return upper.normalize('NFKD')
  let mapped = ''
  for (const character of text) mapped += titlecase(character)
  return mapped.normalize('NFKD')
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** Characters whose titlecase is neither their uppercase nor of several characters. */
function hasOtherTitlecase(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (otherTitlecase(text.charCodeAt(i)) !== 0) return true
  return false
}

/** 0: as the uppercase says. */
function otherTitlecase(code: number): number {
  // Dž, Lj, Nj and Dz have a titlecase of their own: the middle one of three, or the one before.
  if (code >= 0x1c4 && code <= 0x1cc) return 0x1c5 + 3 * Math.floor((code - 0x1c4) / 3)
  if (code >= 0x1f1 && code <= 0x1f3) return 0x1f2
  // Georgian has capitals (Mtavruli), which titles do not use.
  return (code >= 0x10d0 && code <= 0x10fa) || (code >= 0x10fd && code <= 0x10ff) ? code : 0
}

function titlecase(character: string): string {
  const code = character.codePointAt(0) as number
  const other = otherTitlecase(code)
  if (other !== 0) return String.fromCodePoint(other)
  const upper = character.toUpperCase()
  if (upper.length === character.length) return upper
  return String.fromCodePoint(withIotaBelow(code))
}

/** Greek vowels with an iota below have a titlecase of one character, though their uppercase has two. */
function withIotaBelow(code: number): number {
  if (code >= 0x1f80 && code <= 0x1faf && (code & 8) === 0) return code + 8
  return code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3 ? code + 9 : code
}

/**
 * A folded text as a key that `<` puts into the order of its characters (RFC 5051 compares octets of UTF-8; strings
 * compare by halves of characters beyond U+FFFF, which lie below U+E000).
 */
export function collationKey(folded: string): string {
  let key = ''
  let from = 0
  for (let i = 0; i < folded.length; i++) {
    const code = folded.charCodeAt(i)
    if (code < 0xd800 || code > 0xdbff) continue
    key += `${folded.slice(from, i)}\uffff`
    from = i
  }
  return from === 0 && key === '' ? folded : key + folded.slice(from)
}
