// The seed of everything random in a test run, so that a run can be repeated: the same in every run unless SEED says otherwise
// (`SEED=random npm test` looks for what nobody has seen yet). `npm test` chooses it once for all files and prints it.

import fc from 'fast-check'
import { chosenSeed } from './seed-choice.ts'

export const runSeed = chosenSeed(process.env.SEED)

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: runSeed })

/** Numbers below 1 from the seed, each purpose with its own row of them (mulberry32). */
export function seededRandom(purpose: string): () => number {
  let state = runSeed
  for (const character of purpose) state = Math.imul(state ^ character.charCodeAt(0), 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
