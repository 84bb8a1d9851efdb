/** Debian packages that exclude each other (every POP3 server is `pop3-server`) are unpacked and run from a folder. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Programs that were unpacked. */
export interface Unpacked {
  /** Stands for `/`. */
  readonly folder: string
  /** Lets its programs find its libraries. */
  readonly env: Record<string, string>
}

/**
 * Unpacks packages with the libraries that they need and this system lacks. In CI (`CI=true`) a failure is an error;
 * elsewhere nothing is fetched: `null` when they are not there yet, and the caller skips its tests.
 */
export function ensureUnpacked(packages: readonly string[]): Unpacked | null {
  const folder = join(tmpdir(), `posthouse-unpacked-${packages.join('-')}`)
  if (!existsSync(folder)) {
    if (process.env.CI !== 'true') {
      console.warn(`skipped: ${packages.join(', ')} not unpacked (Debian packages; set CI=true to fetch them)`)
      return null
    }
    fetchInto(folder, packages)
  }
  const libraries = ['usr/lib', 'usr/lib/courier-authlib', ...multiarch(folder)].map((name) => join(folder, name))
  return { folder, env: { LD_LIBRARY_PATH: libraries.join(':') } }
}

function fetchInto(folder: string, packages: readonly string[]): void {
  const work = mkdtempSync(join(tmpdir(), 'posthouse-unpack-'))
  const root = join(work, 'root')
  mkdirSync(root)
  execFileSync('apt-get', ['update'], { stdio: 'pipe' })
  const wanted = [...packages]
  const seen = new Set(wanted)
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    const here = mkdtempSync(join(work, 'deb-'))
    execFileSync('apt-get', ['download', name], { cwd: here, stdio: 'pipe' })
    const file = join(here, readdirSync(here)[0])
    execFileSync('dpkg', ['-x', file, root])
    for (const library of missingLibraries(file)) {
      if (!seen.has(library)) wanted.push(library)
      seen.add(library)
    }
  }
  try {
    renameSync(root, folder)
  } catch (error) {
    // Another test was faster.
    if (!existsSync(folder)) throw error
  }
  rmSync(work, { recursive: true, force: true })
}

/** `lib...` packages among the dependencies that are not installed. */
function missingLibraries(file: string): string[] {
  const depends = execFileSync('dpkg-deb', ['-f', file, 'Depends'], { encoding: 'utf8' })
  const first = depends.split(',').map((one) => one.split('|')[0].trim().split(' ')[0].split(':')[0])
  return first.filter((name) => name.startsWith('lib') && !isInstalled(name))
}

function isInstalled(name: string): boolean {
  try {
    return execFileSync('dpkg', ['-s', name], { stdio: 'pipe' }).includes('Status: install ok installed')
  } catch {
    return false
  }
}

/** `usr/lib/x86_64-linux-gnu` and the like. */
function multiarch(folder: string): string[] {
  return ['usr/lib', 'lib'].flatMap((place) => {
    if (!existsSync(join(folder, place))) return []
    return readdirSync(join(folder, place)).flatMap((name) => (name.includes('-linux-') ? [join(place, name)] : []))
  })
}

/** Writes configuration files into a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}
