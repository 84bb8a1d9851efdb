import { fileURLToPath } from 'node:url'
import { runFolder } from '../scripts/folder-runner.js'

runFolder(fileURLToPath(new URL('.', import.meta.url)), process.argv.slice(2))
