/** What is loaded with the package: who takes mail into a function waits for nothing else. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

/** Names of modules that a file imports for their values, before it runs. */
function importsOf(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext)
  return source.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement)) {
      const { importClause: clause } = statement
      const bindings = clause?.namedBindings
      const isType =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (bindings && ts.isNamedImports(bindings) && bindings.elements.every((element) => element.isTypeOnly))
      return isType ? [] : [(statement.moduleSpecifier as ts.StringLiteral).text]
    }
    if (!ts.isExportDeclaration(statement) || statement.isTypeOnly || !statement.moduleSpecifier) return []
    const clause = statement.exportClause
    if (clause && ts.isNamedExports(clause) && clause.elements.every((element) => element.isTypeOnly)) return []
    return [(statement.moduleSpecifier as ts.StringLiteral).text]
  })
}

function packagesBehind(entry: string): ReadonlySet<string> {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name.replace(/\.js$/, '.ts')))
      else packages.add(name)
    }
  }
  visit(fileURLToPath(new URL(entry, import.meta.url)))
  return packages
}

test.each(['../src/index.ts', '../src/node/index.ts'])('%s loads neither mime nor imap', (entry) => {
  const ours = [...packagesBehind(entry)].filter((name) => name.startsWith('@posthouse/'))
  expect(ours.length).toBeGreaterThan(0)
  expect(ours.filter((name) => !/^@posthouse\/(wire|store-api)(\/|$)/.test(name))).toEqual([])
})
