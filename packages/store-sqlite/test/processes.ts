import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildSettings } from './child.js'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A child at work. */
export interface Child {
  /** Lines said so far; a line that the kill cut off is not there. */
  readonly lines: readonly string[]
  /** When it has said that many lines. */
  said(count: number): Promise<void>
  kill(): void
  /** When it has ended: its exit code, or the signal. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly errors: string }>
}

/** Starts another process on a store. */
export function startChild(folder: string, settings: ChildSettings): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, folder, JSON.stringify(settings)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // `node:sqlite` is called experimental by some versions of Node; what a child complains about is something else.
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  const lines: string[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let part = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (part + text).split('\n')
    part = pieces.pop() ?? ''
    lines.push(...pieces)
    for (const each of waiting) if (lines.length >= each.count) each.resolve()
  })
  const ended = new Promise<{ code: number | null; signal: string | null; errors: string }>((resolve) => {
    child.on('close', (code, signal) => {
      for (const each of waiting) each.resolve()
      resolve({ code, signal, errors })
    })
  })
  return {
    lines,
    said: (count) => new Promise((resolve) => (lines.length >= count ? resolve() : waiting.push({ count, resolve }))),
    kill: () => void child.kill('SIGKILL'),
    ended,
  }
}
