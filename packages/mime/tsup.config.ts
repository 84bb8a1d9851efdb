import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.js'

/** Each is a subpath export; `index` is `.` and the rest have their own names. */
const entries = {
  index: 'src/index.ts',
  core: 'src/core.ts',
  structure: 'src/structure/index.ts',
  header: 'src/header/index.ts',
  summary: 'src/summary/index.ts',
  body: 'src/body/index.ts',
  charsets: 'src/charsets.ts',
  compose: 'src/compose/index.ts',
  edit: 'src/edit/index.ts',
  report: 'src/report/index.ts',
}

export default defineConfig(packageBuild(entries))
