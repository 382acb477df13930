// RFC 7352 (duplicate), section by section. Remembering is for whoever runs a script; what is to be remembered is `seen`.

import { describe, expect, it } from 'vitest'
import { findings, run, type Situation } from '#test/support/sieve.ts'

const needs = 'require ["duplicate", "variables"]; '
const message =
  'Message-ID: <m1@example.org>\nX-Event: \n =?utf-8?q?Gr=C3=BC=C3=9Fe?= \nX-Event: 2\n\n'
/** As delivery keeps it. */
const known = (value: string, handle: string | null = null) => JSON.stringify([handle, value])

async function tried(script: string, situation: Situation = {}) {
  const result = await run(needs + script, { message, ...situation })
  if (result.kind === 'failed') throw new Error(result.reason)
  const isDuplicate = result.actions[0]?.kind === 'discard'
  return { isDuplicate, seen: result.seen }
}

const test = (written: string) => `if ${written} { discard; }`

describe('§3 the test', () => {
  it('is false of what was not seen, and has it remembered', async () => {
    expect(await tried(test('duplicate'))).toEqual({
      isDuplicate: false,
      seen: [{ id: known('<m1@example.org>'), seconds: 7 * 86_400, last: false }],
    })
  })

  it('is true of what was seen', async () => {
    const seen = new Set([known('<m1@example.org>')])
    expect((await tried(test('duplicate'), { seen })).isDuplicate).toBe(true)
  })

  it('says the same each time within a run', async () => {
    const { isDuplicate, seen } = await tried(`if duplicate {} ${test('duplicate')}`)
    expect({ isDuplicate, count: seen.length }).toEqual({ isDuplicate: false, count: 1 })
  })

  it('remembers nothing that was not asked for', async () => {
    expect((await tried(`if allof (false, duplicate) {}`)).seen).toEqual([])
  })

  it('remembers nothing of a run that failed', async () => {
    const result = await run('require ["duplicate", "reject"]; if duplicate {} keep; reject "x";')
    expect(result).toMatchObject({ kind: 'failed' })
    expect(result).not.toHaveProperty('seen')
  })
})

describe('§3.1 :header and :uniqueid', () => {
  it.each([
    ['duplicate :header "message-id"', known('<m1@example.org>')],
    // Unfolded, decoded, trimmed, and the first one.
    ['duplicate :header "x-event"', known('Gr\u00fc\u00dfe')],
    ['duplicate :uniqueid "  A b "', known('  A b ')],
    ['duplicate :uniqueid ""', known('')],
  ])('%s', async (written, id) => {
    expect((await tried(test(written))).seen.map((each) => each.id)).toEqual([id])
  })

  it.each(['duplicate :header "x-none"', 'duplicate :header "no name"'])(
    '%s is false, and nothing is remembered',
    async (written) => {
      expect(await tried(test(written))).toEqual({ isDuplicate: false, seen: [] })
    },
  )

  it('tells capitals from small letters', async () => {
    const seen = new Set([known('abc')])
    expect((await tried(test('duplicate :uniqueid "ABC"'), { seen })).isDuplicate).toBe(false)
  })
})

describe('§3.2 :handle', () => {
  it('keeps tests apart, and one without from all that have one', async () => {
    const seen = new Set([known('x', 'a')])
    const isDuplicate = async (written: string) =>
      (await tried(test(written), { seen })).isDuplicate
    expect(await isDuplicate('duplicate :handle "a" :uniqueid "x"')).toBe(true)
    expect(await isDuplicate('duplicate :handle "b" :uniqueid "x"')).toBe(false)
    expect(await isDuplicate('duplicate :handle "" :uniqueid "x"')).toBe(false)
    expect(await isDuplicate('duplicate :uniqueid "x"')).toBe(false)
  })
})

describe('§3.3 :seconds and :last', () => {
  it.each([
    [':seconds 60', { seconds: 60, last: false }],
    [':seconds 60 :last', { seconds: 60, last: true }],
    // Longer than anything is kept.
    [':seconds 2147483647', { seconds: 90 * 86_400, last: false }],
  ])('%s', async (tags, expected) => {
    expect((await tried(test(`duplicate ${tags}`))).seen).toMatchObject([expected])
  })

  it('of no seconds is false, whatever was seen', async () => {
    const seen = new Set([known('<m1@example.org>')])
    expect(await tried(test('duplicate :seconds 0'), { seen })).toEqual({
      isDuplicate: false,
      seen: [],
    })
  })

  it('of two tests of one id the last one counts', async () => {
    const { seen } = await tried('if duplicate :seconds 1 {} if duplicate :seconds 2 :last {}')
    expect(seen).toMatchObject([{ seconds: 2, last: true }])
  })
})

it.each([
  ['if duplicate { }', 'line 1: duplicate needs require "duplicate"'],
  [
    'require "duplicate"; if duplicate :header "a" :uniqueid "b" { }',
    'line 1: :uniqueid and :header exclude each other',
  ],
  ['require "duplicate"; if duplicate "a" { }', 'line 1: duplicate takes no arguments but tags'],
])('%s', (script, finding) => {
  expect(findings(script)).toEqual([finding])
})
