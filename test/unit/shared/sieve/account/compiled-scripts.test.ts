// Scripts ready to run: compiled once for each version, and read only when they have to be.

import { describe, expect, it } from 'vitest'
import {
  COMPILED_BYTES_MAX,
  createCompiledScripts,
  SITE_FRESH_MS,
} from '#shared/sieve/account/compiled-scripts.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { account } from '#test/support/mailbox.ts'
import { manualClock } from '#test/support/pipeline.ts'

function world(text = 'keep;') {
  const clock = manualClock()
  const stored = { text, version: 1, reads: 0 }
  const compiled = createCompiledScripts({
    scripts: {
      read: async (_owner, name) => {
        stored.reads++
        if (name === 'missing') return undefined
        return { text: Buffer.from(stored.text), version: stored.version }
      },
    },
    vocabulary,
    clock,
  })
  return { clock, stored, compiled }
}

describe('compiled scripts', () => {
  it('are read once for each version', async () => {
    const { compiled, stored } = world()
    const first = await compiled.get(account, 'a', 1)
    expect(await compiled.get(account, 'a', 1)).toBe(first)
    expect(stored.reads).toBe(1)
    stored.version = 2
    expect(await compiled.get(account, 'a', 2)).not.toBe(first)
    expect(stored.reads).toBe(2)
  })

  it('of the site are looked at again after some seconds', async () => {
    const { compiled, stored, clock } = world()
    const first = await compiled.get(null, 'a')
    stored.version = 2
    expect(await compiled.get(null, 'a')).toBe(first)
    expect(stored.reads).toBe(1)
    clock.advance(SITE_FRESH_MS)
    expect(await compiled.get(null, 'a')).not.toBe(first)
  })

  it('that are not there are none', async () => {
    expect(await world().compiled.get(account, 'missing', 1)).toBeUndefined()
  })

  it('that are wrong fail the run, with the place', async () => {
    const { compiled } = world('keep;\nnonsense;')
    const got = compiled.get(account, 'a', 1)
    await expect(got).rejects.toThrow(SieveRunError)
    await expect(got).rejects.toThrow('line 2')
  })

  it('are kept within bytes, the oldest goes first', async () => {
    const { compiled, stored } = world(`# ${'x'.repeat(200_000)}\nkeep;`)
    const held = Math.floor(COMPILED_BYTES_MAX / stored.text.length)
    for (let n = 0; n <= held; n++) await compiled.get(account, `s${n}`, 1)
    stored.reads = 0
    await compiled.get(account, `s${held}`, 1)
    expect(stored.reads).toBe(0)
    await compiled.get(account, 's0', 1)
    expect(stored.reads).toBe(1)
  })
})
