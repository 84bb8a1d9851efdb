/** What is used of the library that parses HTML: a bundle has no more of it. */
export { Parser } from 'htmlparser2'
