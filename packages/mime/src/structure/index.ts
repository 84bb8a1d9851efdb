/** `@posthouse/mime/structure`: where everything lies in a message, without decoding any of it. */

export { type Defect, type DefectCode, isAmbiguous } from './defects.js'
export { countLines, type Entity, isMessage, isMultipart, type Range, ranges } from './entity.js'
export { indexMessage } from './index-message.js'
export { DEFAULT_LIMITS, type MimeLimits } from './limits.js'
export { MessageScanner } from './scanner.js'
export type { MessageIndex, ScannerHooks, ScannerOptions } from './scanner-options.js'
