/** The tree of a message that is to be written: what an application says about each part, and helpers that say it. */

/**
 * What a body is made of. Text is written as UTF-8. Streams are read once, when their turn comes, and never held as a
 * whole; a function is called each time the message is written, so that it can be written again.
 */
export type BodySource = string | Uint8Array | BodyStream | (() => Uint8Array | BodyStream)

/** A Node `Readable` is one, a `ReadableStream` too. Chunks are octets. */
export type BodyStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/** A header field beyond those that options write; the value is free text in plain Unicode. */
export interface ExtraField {
  name: string
  value: string
}

interface PartOptions {
  /**
   * Parameters of Content-Type, in plain Unicode. The `charset` of a text that is a string (`utf-8`) and the `boundary`
   * of a multipart are added; what is given for those does not count.
   */
  parameters?: Readonly<Record<string, string>>
  /** Content-Disposition (RFC 2183). */
  disposition?: 'inline' | 'attachment'
  /** Its `filename`, in plain Unicode; paths are not removed. */
  filename?: string
  /** Content-ID, with or without angle brackets (RFC 2392 refers to it as `cid:...`). */
  contentId?: string
  /** Content-Description. */
  description?: string
  /** Further fields of the part, none of which has an option of its own. */
  headers?: readonly ExtraField[]
}

/** A part with a body of its own. */
export interface LeafPart extends PartOptions {
  /**
   * For example `text/plain`. A multipart whose octets are at hand (one that was signed) is written as it stands; its
   * `boundary` goes to `parameters`.
   */
  contentType: string
  body: BodySource
}

/** A part made of parts. */
export interface MultiPart extends PartOptions {
  /** For example `multipart/mixed`. */
  contentType: string
  children: readonly Part[]
}

/** A part to be written: `textPart`, `attachmentPart`, `messagePart`, or a multipart of them. */
export type Part = LeafPart | MultiPart

/** Something that goes with a message. */
export interface Attachment {
  content: BodySource
  /** In plain Unicode. */
  filename?: string
  /** Default: what the filename's extension says, otherwise `application/octet-stream`. */
  contentType?: string
  /** A part that the HTML refers to as `cid:...`: it is put beside the HTML. With or without angle brackets. */
  contentId?: string
  /** Default: `inline` with a `contentId`, otherwise `attachment`. */
  disposition?: 'inline' | 'attachment'
  description?: string
  headers?: readonly ExtraField[]
}

/** A `text/*` part; line ends of the text become CRLF. */
export function textPart(text: string, subtype = 'plain', parameters: Readonly<Record<string, string>> = {}): LeafPart {
  return { contentType: `text/${subtype}`, parameters, body: text }
}

/** A multipart of the given subtype, such as `mixed`, `alternative` or `related`. */
export function multipart(
  subtype: string,
  children: readonly Part[],
  parameters: Readonly<Record<string, string>> = {},
): MultiPart {
  return { contentType: `multipart/${subtype}`, parameters, children }
}

/** A message inside a message; its octets are never changed nor encoded (RFC 2046 §5.2.1). */
export function messagePart(message: Uint8Array): LeafPart {
  return { contentType: 'message/rfc822', body: message }
}

/** The part of an attachment, with the defaults that are said there. */
export function attachmentPart(attachment: Attachment): LeafPart {
  const { content, filename, contentType, contentId, disposition, description, headers } = attachment
  return {
    contentType: contentType ?? typeOfFile(filename),
    disposition: disposition ?? (contentId === undefined ? 'attachment' : 'inline'),
    body: content,
    ...(filename !== undefined && { filename }),
    ...(contentId !== undefined && { contentId }),
    ...(description !== undefined && { description }),
    ...(headers !== undefined && { headers }),
  }
}

/** Types of the files that are sent most. */
const TYPES = new Map(
  Object.entries({
    csv: 'text/csv',
    doc: 'application/msword',
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    eml: 'message/rfc822',
    gif: 'image/gif',
    gz: 'application/gzip',
    htm: 'text/html',
    html: 'text/html',
    ics: 'text/calendar',
    jpeg: 'image/jpeg',
    jpg: 'image/jpeg',
    json: 'application/json',
    md: 'text/markdown',
    mp3: 'audio/mpeg',
    mp4: 'video/mp4',
    odt: 'application/vnd.oasis.opendocument.text',
    pdf: 'application/pdf',
    png: 'image/png',
    pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    svg: 'image/svg+xml',
    txt: 'text/plain',
    vcf: 'text/vcard',
    webp: 'image/webp',
    xls: 'application/vnd.ms-excel',
    xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    xml: 'application/xml',
    zip: 'application/zip',
  }),
)

function typeOfFile(filename: string | undefined): string {
  const dot = filename?.lastIndexOf('.') ?? -1
  return (dot >= 0 && TYPES.get(filename!.slice(dot + 1).toLowerCase())) || 'application/octet-stream'
}
