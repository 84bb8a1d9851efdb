/**
 * Which parts are the text of a message and which are attachments: the algorithm of RFC 8621 §4.1.4, which is what mail
 * readers do, written down. Pictures shown inside the text are attachments too here, so that every leaf is found.
 */

import type { Part } from './part.js'

/** What of a message is to be read, and what is attached. */
export interface Bodies {
  /** Parts to show one after the other to who prefers plain text. */
  readonly text: readonly Part[]
  /** Parts to show to who prefers HTML. */
  readonly html: readonly Part[]
  /** All other leaves. */
  readonly attachments: readonly Part[]
}

interface Lists {
  text: Part[] | null
  html: Part[] | null
  attachments: Part[]
}

/** A multipart whose parts could not be read is text, as everything unknown in mail. */
function textKind(part: Part): 'plain' | 'html' | null {
  const { type, subtype } = part.entity
  if (type === 'multipart') return 'plain'
  return type === 'text' && (subtype === 'plain' || subtype === 'html') ? subtype : null
}

function isMedia(part: Part): boolean {
  const { type } = part.entity
  return type === 'image' || type === 'audio' || type === 'video'
}

function isShown(part: Part, first: boolean, container: string): boolean {
  if (part.disposition === 'attachment') return false
  if (isMedia(part)) return first || container !== 'related'
  return textKind(part) !== null && (first || (container !== 'related' && part.filename === null))
}

/** The part of a multipart/related that refers to the others: the first unless `start` names one (RFC 2387 §3.2). */
function relatedRoot(parts: readonly Part[]): number {
  const start = parts[0]?.parent?.parameters.get('start')
  if (start === undefined) return 0
  const wanted = start.startsWith('<') && start.endsWith('>') ? start.slice(1, -1) : start
  return Math.max(
    0,
    parts.findIndex((part) => part.contentId === wanted),
  )
}

function collect(parts: readonly Part[], container: string, inAlternative: boolean, lists: Lists): void {
  const textCount = lists.text ? lists.text.length : -1
  const htmlCount = lists.html ? lists.html.length : -1
  // The arrays of this call: a part inside may stop adding to one of them from there on.
  const here: Lists = { text: lists.text, html: lists.html, attachments: lists.attachments }
  const root = container === 'related' ? relatedRoot(parts) : 0
  parts.forEach((part, index) => {
    if (part.isMultipart) {
      const { subtype } = part.entity
      collect(part.children, subtype, inAlternative || subtype === 'alternative', here)
    } else if (isShown(part, index === root, container)) {
      addShown(part, container, inAlternative, here)
    } else {
      here.attachments.push(part)
    }
  })
  if (container !== 'alternative' || !here.text || !here.html) return
  // One of the two has no alternative: it is the text for both.
  if (textCount === here.text.length && htmlCount !== here.html.length) here.text.push(...here.html.slice(htmlCount))
  else if (htmlCount === here.html.length && textCount !== here.text.length)
    here.html.push(...here.text.slice(textCount))
}

function addShown(part: Part, container: string, inAlternative: boolean, lists: Lists): void {
  const kind = textKind(part)
  if (container === 'alternative') {
    if (kind === 'plain' && lists.text) lists.text.push(part)
    else if (kind === 'html' && lists.html) lists.html.push(part)
    else lists.attachments.push(part)
    return
  }
  if (inAlternative) {
    if (kind === 'plain') lists.html = null
    if (kind === 'html') lists.text = null
  }
  lists.text?.push(part)
  lists.html?.push(part)
  // The RFC loses what follows another form inside one branch of an alternative: here it is attached.
  const nowhere = !lists.text && !lists.html
  if (nowhere || ((!lists.text || !lists.html) && isMedia(part))) lists.attachments.push(part)
}

/** Sorts the leaves of a message. */
export function findBodies(root: Part): Bodies {
  const text: Part[] = []
  const html: Part[] = []
  const attachments: Part[] = []
  collect([root], 'mixed', false, { text, html, attachments })
  const media = [...text, ...html].filter((part) => isMedia(part) && !attachments.includes(part))
  return { text, html, attachments: [...attachments, ...new Set(media)].sort(byPlace) }
}

function byPlace(one: Part, other: Part): number {
  return one.entity.headerStart - other.entity.headerStart
}
