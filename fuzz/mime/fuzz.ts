/** Runs targets for some time; what a run finds can be played again by its number. */

import { inputText, randomNumbers } from './inputs.js'
import { TARGETS, type Target } from './targets.js'

export interface FuzzResult {
  readonly name: string
  readonly runs: number
}

/** Slower than this for an input of 20 KB is a defect of its own. */
const MAX_MILLISECONDS = 1000

function runOne(target: Target, number: number): void {
  const random = randomNumbers(number)
  const text = inputText(random)
  const started = process.cpuUsage()
  try {
    target.run(text, random)
  } catch (error) {
    throw new Error(`${target.name}, input ${number}: ${JSON.stringify(text.slice(0, 2000))}`, { cause: error })
  }
  const { user } = process.cpuUsage(started)
  if (user > MAX_MILLISECONDS * 1000) throw new Error(`${target.name}, input ${number}: ${user / 1000} ms`)
}

/** The numbers from `first` on, for each target the same, until its share of the time is over. */
export function fuzz(seconds: number, first = 1, names: readonly string[] = []): FuzzResult[] {
  const targets = TARGETS.filter((target) => names.length === 0 || names.includes(target.name))
  return targets.map((target) => {
    const until = performance.now() + (seconds * 1000) / targets.length
    let number = first
    do runOne(target, number++)
    while (performance.now() < until)
    return { name: target.name, runs: number - first }
  })
}
