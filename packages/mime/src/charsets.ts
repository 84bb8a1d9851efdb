/** `@posthouse/mime/charsets`: iconv-lite for the charsets that `TextDecoder` lacks; an option of every reader. */

export { iconvCharsets } from './body/iconv.js'
