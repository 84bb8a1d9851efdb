/** A blob's name as others see it. */
export function blobName(id: number): string {
  return `b${id}`
}

/** The number behind a name; `undefined` for what never was one. */
export function blobNumber(name: string): number | undefined {
  if (name.length < 2 || name.length > 15 || name.charCodeAt(0) !== 0x62) return undefined
  for (let i = 1; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return undefined
  }
  return Number(name.slice(1))
}

/** An EMAILID as others see it (RFC 8474 §5.1). */
export function emailIdOf(content: number): string {
  return `e${content}`
}

/** A THREADID as others see it (RFC 8474 §5.2): the number of the content that began the conversation. */
export function threadIdOf(thread: number): string {
  return `t${thread}`
}

/** The number behind a THREADID. */
export function threadNumber(threadId: string): number | undefined {
  return threadId.charCodeAt(0) === 0x74 ? blobNumber(`b${threadId.slice(1)}`) : undefined
}

/** The number behind an EMAILID. */
export function contentNumber(emailId: string): number | undefined {
  return emailId.charCodeAt(0) === 0x65 ? blobNumber(`b${emailId.slice(1)}`) : undefined
}
