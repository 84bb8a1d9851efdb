/**
 * BINARYMIME (RFC 3030 §3): bodies without lines, sent with BDAT. Not announced by default: such a message can hold
 * NUL and bare line ends, and not every reader of a mailbox can take it.
 */
import type { SmtpHandler } from '../handler.js'
import { bodyParameter } from './core.js'

/** BINARYMIME (RFC 3030): bodies of any octets, by BDAT. */
export function binaryMimeExtension(): SmtpHandler {
  return {
    name: 'BINARYMIME',
    keywords: () => ['BINARYMIME'],
    mailParameters: new Map([['BODY', bodyParameter(['7BIT', '8BITMIME', 'BINARYMIME'])]]),
  }
}
