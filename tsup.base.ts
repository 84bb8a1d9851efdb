import type { Options } from 'tsup'

/** The one build recipe of all packages: ESM first, CommonJS beside it, a declaration file for each. */
export function packageBuild(entry: Record<string, string>): Options {
  return {
    entry,
    format: ['esm', 'cjs'],
    dts: true,
    tsconfig: '../../tsconfig.build.json',
    target: 'node20',
    platform: 'neutral',
    external: [/^node:/, /^@posthouse\//],
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: false,
    removeNodeProtocol: false,
    silent: true,
  }
}
