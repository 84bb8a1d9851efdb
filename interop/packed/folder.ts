import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packages, pnpm } from '../../scripts/run.mjs'
import { type ProgramResult, runProgram } from '../tools.js'

/** A folder as a newcomer has it: outside the repository, with the packages installed from their tarballs by npm. */
export interface PackedFolder {
  readonly path: string
  /** Every entry of every package: `@posthouse/smtp/node`. */
  readonly entries: readonly string[]
  write(name: string, text: string): void
  copy(file: URL): void
  run(command: string, ...args: readonly string[]): Promise<ProgramResult>
  remove(): void
}

/** Packs what is in `dist`: the build comes first. `others`: what else to install. */
export async function makePackedFolder(others: readonly string[]): Promise<PackedFolder> {
  const path = mkdtempSync(join(tmpdir(), 'posthouse-packed-'))
  await Promise.all(
    packages().map(async (folder) => {
      const packed = await pnpm(['pack', '--pack-destination', path], { capture: true, cwd: folder })
      if (packed.code !== 0) throw new Error(packed.output)
    }),
  )
  const tarballs = readdirSync(path).filter((name) => name.endsWith('.tgz'))
  const npm = (...args: readonly string[]): void =>
    void execFileSync('npm', args, { cwd: path, stdio: ['ignore', 'pipe', 'pipe'] })
  npm('init', '--yes')
  npm('install', '--no-audit', '--no-fund', ...tarballs.map((name) => `./${name}`), ...others)
  return {
    path,
    entries: packages().flatMap(entriesOf),
    write: (name, text) => writeFileSync(join(path, name), text),
    copy: (file) => cpSync(file, join(path, file.pathname.split('/').at(-1) as string)),
    run: (command, ...args) => runProgram(command, args, { cwd: path }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

function entriesOf(folder: string): string[] {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.keys(exports).map((key) => `${name}${key.slice(1)}`)
}
