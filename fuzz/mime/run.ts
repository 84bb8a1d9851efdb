/** `run.ts [--seconds N] [--first NUMBER] [--target NAME]`: fuzzes the parsers of `@posthouse/mime`. */

import { fuzz } from './fuzz.js'

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? undefined : process.argv[at + 1]
}

const target = option('target')
const results = fuzz(Number(option('seconds') ?? 30), Number(option('first') ?? 1), target ? [target] : [])
for (const { name, runs } of results) console.log(`${name.padEnd(18)} ${runs} inputs`)
