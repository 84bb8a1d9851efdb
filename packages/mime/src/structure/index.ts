/** `@posthouse/mime/structure`: where everything lies in a message, without decoding any of it. */

export { type Defect, type DefectCode, isAmbiguous } from './defects.js'
export { countLines, type Entity, isMessage, isMultipart, type Range, ranges } from './entity.js'
export { defaultLimits, type MimeLimits } from './limits.js'
export { indexMessage, type MessageIndex, MessageScanner, type ScannerHooks, type ScannerOptions } from './scanner.js'
