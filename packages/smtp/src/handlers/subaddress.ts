import { annotation } from '../session/annotations.js'

/** The note on a recipient with the part of its address behind the separator: `tag` of `user+tag@example.org`. */
export const subaddress = annotation<string>('subaddress')
