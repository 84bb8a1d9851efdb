/** What the packages export, and which of it a piece of code uses without importing it. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  noLib: true,
  types: [],
}

/** A name that a package exports. */
export interface Export {
  readonly package: string
  readonly name: string
  readonly documented: boolean
}

/** The exports of the given files of each package's `src`, where it has them. */
export function exportsOf(files: readonly string[]): readonly Export[] {
  const entries = readdirSync(`${root}packages`).flatMap((name) =>
    files.map((file) => ({ package: name, file: `${root}packages/${name}/src/${file}` })),
  )
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    OPTIONS,
  )
  const checker = program.getTypeChecker()
  return entries.flatMap(({ package: name, file }) => {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) return []
    return checker.getExportsOfModule(module).map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      return { package: name, name: symbol.name, documented: target.getDocumentationComment(checker).length > 0 }
    })
  })
}

/** "Cannot find name", as a value, in shorthand, as a namespace, and with a suggestion. */
const UNKNOWN = new Set([2304, 18004, 2503, 2552])

/** Names that code uses and neither declares nor imports. */
export function freeNames(code: string): ReadonlySet<string> {
  const file = 'block.ts'
  const source = ts.createSourceFile(file, `${code}\nexport {}`, ts.ScriptTarget.ESNext, true)
  const program = ts.createProgram(
    [file],
    { ...OPTIONS, noResolve: true },
    {
      ...ts.createCompilerHost(OPTIONS),
      getSourceFile: (name) => (name === file ? source : undefined),
      fileExists: (name) => name === file,
      readFile: (name) => (name === file ? source.text : readFileSync(name, 'utf8')),
    },
  )
  const unknown = program.getSemanticDiagnostics(source).filter(({ code }) => UNKNOWN.has(code))
  return new Set(unknown.map(({ start = 0, length = 0 }) => source.text.slice(start, start + length)))
}
