/**
 * `@posthouse/mime/core`: reading messages with the charsets of `TextDecoder` only, for browsers and other places where
 * every kilobyte counts. `@posthouse/mime` is the same with all charsets.
 */

export * from './message/index.js'
export * from './structure/index.js'
