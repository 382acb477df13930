// The seed of everything random in a test run, so that a run can be repeated: the same in every run unless SEED says otherwise
// (`SEED=random npm test` looks for what nobody has seen yet; a failing test prints its seed).

import fc from 'fast-check'

const usualSeed = 20_261_120
const given = process.env.SEED

export const runSeed =
  given === undefined
    ? usualSeed
    : given === 'random'
      ? Math.floor(Math.random() * 2 ** 31)
      : Number(given)

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: runSeed })
