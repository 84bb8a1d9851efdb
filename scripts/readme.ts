/** Documents whose code is run by a test: each block stands in that test as it is in the document. */
import { readFileSync } from 'node:fs'

/** The TypeScript blocks of a document. */
export function typescriptBlocks(document: URL): string[] {
  return [...readFileSync(document, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string)
}

/** The same code however it is indented, wrapped or imported. */
export function squeeze(code: string): string {
  return code
    .replace(/^\s*import [^;'"]*['"].*$/gm, '')
    .replace(/,(?=\s*[\])}])/g, '')
    .replace(/\s+/g, '')
}

/** The code of test files, to look for blocks in. */
export function squeezedCode(...files: readonly URL[]): string {
  return squeeze(files.map((file) => readFileSync(file, 'utf8')).join('\n'))
}
