import { describe, expect, it } from 'vitest'
import { createAccessTables } from '#shared/directory/access-tables.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Item } from '#shared/storage/ports.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const ref = { kind: 'table', name: 't' } as const
const own = (version: number): Item => ({ pk: 'ACCESS', sk: 't', version, entries: 1, bytes: 3 })
const entry = (result: string): Item => ({ pk: 'ACCESS#t', sk: 'K#a', result })

/** A store that holds still until it is let go, or fails. */
function world() {
  const clock = new ManualClock(1_000)
  const state = { version: 1, result: 'OK', failure: undefined as Error | undefined, reads: 0 }
  let wait = Promise.resolve()
  const tables = createAccessTables({
    clock,
    table: {
      async get() {
        state.reads += 1
        await wait
        if (state.failure) throw state.failure
        return own(state.version)
      },
      batchGet: () => Promise.reject(new Error('a small table is held')),
      query: async () => ({ items: [entry(state.result)] }),
    },
  })
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    wait = promise
    return resolve
  }
  const ask = async () => (await tables.lookup(ref, ['a']))?.result
  return { clock, state, hold, ask }
}

describe('an access table that is watched', () => {
  it('is read once for all who ask meanwhile', async () => {
    const { state, hold, ask } = world()
    const letGo = hold()
    const answers = [ask(), ask(), ask()]
    letGo()
    expect(await Promise.all(answers)).toEqual(['OK', 'OK', 'OK'])
    expect(state.reads).toBe(1)
  })

  it('that cannot be read gives no answer, not even an old one', async () => {
    const { clock, state, ask } = world()
    expect(await ask()).toBe('OK')
    clock.advance(1_000)
    state.failure = new TemporaryFailure('throttled')
    await expect(ask()).rejects.toThrow('throttled')
    await expect(ask()).rejects.toThrow('throttled')
    state.failure = undefined
    expect(await ask()).toBe('OK')
  })

  it('is as old as the beginning of its reading', async () => {
    const { clock, state, hold, ask } = world()
    const letGo = hold()
    const first = ask()
    clock.advance(900)
    letGo()
    expect(await first).toBe('OK')
    state.version = 2
    state.result = 'REJECT'
    clock.advance(100)
    expect(await ask()).toBe('REJECT')
  })

  it('whose version is the same is not read again, and one from the past is', async () => {
    const { clock, state, ask } = world()
    expect(await ask()).toBe('OK')
    state.result = 'never looked at'
    clock.advance(1_000)
    expect(await ask()).toBe('OK')
    state.version = 0
    state.result = 'REJECT'
    clock.advance(1_000)
    expect(await ask()).toBe('REJECT')
  })
})
