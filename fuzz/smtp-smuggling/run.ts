/** `npm run fuzz smtp-smuggling -- --length 8`: all strings of up to eight octets, under each rule. Half an hour. */
import { checkAll } from './exhaustive.js'

const option = process.argv.indexOf('--length')
const longest = option === -1 ? 6 : Number(process.argv[option + 1])

for (const rule of ['reject', 'normalize', 'preserve'] as const) {
  for (let length = 0; length <= longest; length++) {
    console.log(`${rule.padEnd(9)} ${length} octets: ${checkAll(length, rule)} dialogues`)
  }
}
