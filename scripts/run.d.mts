/** The types of `run.mjs`, which runs before anything is installed. */
export interface RunOptions {
  readonly capture?: boolean
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}
export interface RunResult {
  readonly code: number
  readonly output: string
}
export const root: string
export const pnpmVersion: string
export function run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>
export function pnpm(args: readonly string[], options?: RunOptions): Promise<RunResult>
export function setUp(): Promise<void>
export function packages(): string[]
