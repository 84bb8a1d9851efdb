import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { describe, expect, it } from 'vitest'
import { findChromium } from './chromium.js'
import { probe } from './probe.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const CHROMIUM = findChromium()

/** One file of JavaScript for a browser; what it exports is in the variable `mime`. */
async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, minify: 'esbuild', lib: { entry, formats: ['iife'], name: 'mime', fileName: 'bundle' } },
  })
  const outputs = Array.isArray(result) ? result : [result]
  const [chunk] = outputs.flatMap((one) => ('output' in one ? one.output : []))
  if (chunk?.type !== 'chunk') throw new Error('nothing was built')
  return chunk.code
}

describe('the core in a browser', () => {
  it('has under 25 kB and nothing of Node', async () => {
    const code = await bundle(join(here, '../../src/core.ts'))
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(25_000)
    expect(code).not.toMatch(/["']node:/)
  })

  // Without a Chromium there is no browser to try; CI installs one.
  it.skipIf(!CHROMIUM)(
    'finds in Chromium what it finds in Node',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'posthouse-browser-'))
      try {
        const code = await bundle(join(here, 'probe.ts'))
        const page = join(folder, 'page.html')
        const run = `${code}\ndocument.body.textContent = btoa(encodeURIComponent(mime.probe()))`
        writeFileSync(
          page,
          `<!doctype html><body><script type="module">${run.replaceAll('</script', '<\\/script')}</script>`,
        )
        const args = [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--allow-file-access-from-files',
          `--user-data-dir=${folder}/profile`,
        ]
        const dom = execFileSync(CHROMIUM!, [...args, '--virtual-time-budget=5000', '--dump-dom', `file://${page}`], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
          timeout: 60_000,
        })
        const found = /<body>([A-Za-z0-9+/=]+)<\/body>/.exec(dom)?.[1] ?? ''
        expect(decodeURIComponent(atob(found))).toBe(probe())
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    90_000,
  )
})
