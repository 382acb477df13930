// What `npm test` says about its run, and how it ends.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Ended, runProgram } from '#test/support/program.ts'
import { programs } from '#test/support/programs.ts'
import { chosenSeed } from '#test/support/seed-choice.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** One test of its file needs systemd-analyze, which is not found. */
function run(environment: Readonly<Record<string, string>>): Promise<Ended> {
  const words = [join(root, 'test/run.ts'), 'test/unit/services/one-machine/service.test.ts']
  return runProgram(process.execPath, words, {
    environment: { PATH: dirname(process.execPath), SEED: '', CI: '', ...environment },
    folder: root,
  })
}

describe('npm test', () => {
  it('names what it could not run, and the seed', async () => {
    const { code, stdout } = await run({ SEED: '7' })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^seed 7 \('SEED=7 npm test' runs it again\)\n/)
    expect(stdout).toMatch(/\nskipped 1 of test\/unit\/services\/one-machine\/service\.test\.ts\n/)
    expect(stdout).toMatch(/\nnot installed, .*systemd-analyze \(systemd\)/)
    expect(stdout).toMatch(/\nseed 7\n4 passed, 0 failed, 1 skipped\n$/)
  })

  it('fails where CI is set and something was not run', async () => {
    const { code, stdout } = await run({ CI: 'true' })
    expect(code).toBe(1)
    expect(stdout).toMatch(/\nCI is set, where every test has to run: failed\n/)
  })
})

describe('the seed', () => {
  it('is the same in every run, unless it is given or left to chance', () => {
    expect(chosenSeed(undefined)).toBe(chosenSeed(''))
    expect(chosenSeed('42')).toBe(42)
    expect(Number.isSafeInteger(chosenSeed('random'))).toBe(true)
    expect(() => chosenSeed('4.5')).toThrow(/SEED is a whole number or 'random', not '4\.5'/)
  })
})

describe('programs', () => {
  it('have a package each', () => {
    for (const name of Object.values(programs)) expect(name).toMatch(/^[a-z0-9-]+$/)
  })
})
