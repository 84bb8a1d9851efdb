import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { main: 'src/main.ts', queue: 'src/queue.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  external: [/^@posthouse\//],
  sourcemap: true,
  clean: true,
  silent: true,
  removeNodeProtocol: false,
})
