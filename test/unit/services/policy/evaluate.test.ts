import { describe, expect, it } from 'vitest'
import { evaluate, noEffects, noProgress } from '#services/policy/evaluate.ts'
import type { Decision, Restriction } from '#services/policy/restriction.ts'
import { rejectScore } from '#services/policy/score.ts'
import { knownOfClient } from '#test/support/policy-facts.ts'

const facts = knownOfClient()
const reply = { code: 554, status: '5.7.1', text: 'no' } as const
const later = { code: 450, status: '4.7.1', text: 'later' } as const

/** Named `r1`, `r2` … as they stand. */
const list = (...decisions: readonly Decision[]) =>
  decisions.map(
    (decision, n): Restriction => ({
      name: `r${n + 1}`,
      decide: () => decision,
    }),
  )
const judge = (...decisions: readonly Decision[]) => evaluate(list(...decisions), facts)
const dunno = { kind: 'dunno' } as const

describe('a restriction list', () => {
  it('permits where nobody says anything', async () => {
    for (const decisions of [[], [dunno, dunno]]) {
      const { verdict, effects, score } = await judge(...decisions)
      expect({ verdict, effects, score }).toEqual({
        verdict: { kind: 'permit' },
        effects: noEffects,
        score: 0,
      })
    }
  })

  it.each([
    ['permit', { kind: 'permit' }, { kind: 'permit' }],
    ['reject', { kind: 'reject', reply }, { kind: 'reject', reply, restriction: 'r2' }],
    ['defer', { kind: 'defer', reply: later }, { kind: 'reject', reply: later, restriction: 'r2' }],
    ['discard', { kind: 'discard' }, { kind: 'discard', restriction: 'r2' }],
  ] as const)('is ended by the first %s', async (_, decision, verdict) => {
    const other = { kind: 'reject', reply } as const
    const ended = await judge(dunno, decision, other)
    expect(ended.verdict).toEqual(verdict)
    expect(ended.trail.map(({ restriction }) => restriction)).toEqual(['r1', 'r2'])
  })

  it('adds up what is to be done besides', async () => {
    const { effects, verdict } = await judge(
      { kind: 'prepend', fields: 'X-A: 1\r\n' },
      { kind: 'warn', text: 'one' },
      { kind: 'hold', reason: 'first' },
      { kind: 'redirect', to: 'a@b.test' },
      { kind: 'prepend', fields: 'X-B: 2\r\n' },
      { kind: 'warn', text: 'two' },
      { kind: 'hold', reason: 'second' },
      { kind: 'redirect', to: 'c@d.test' },
    )
    expect(verdict).toEqual({ kind: 'permit' })
    expect(effects).toEqual({
      prepend: 'X-A: 1\r\nX-B: 2\r\n',
      warnings: ['one', 'two'],
      hold: 'first',
      redirect: 'c@d.test',
      filter: undefined,
      bcc: [],
    })
  })

  it('goes on from what lists before it found', async () => {
    const before = { ...noProgress, effects: { ...noEffects, prepend: 'X-A: 1\r\n' }, score: 3 }
    const decisions = [
      { kind: 'prepend', fields: 'X-B: 2\r\n' },
      { kind: 'score', points: 2 },
    ] as const
    const { effects, score } = await evaluate(list(...decisions), facts, before)
    expect([effects.prepend, score]).toEqual(['X-A: 1\r\nX-B: 2\r\n', 5])
  })

  it('tells each step and what was said', async () => {
    const { trail } = await judge({ kind: 'score', points: 1 }, { kind: 'reject', reply })
    expect(trail).toEqual([
      { restriction: 'r1', decision: { kind: 'score', points: 1 } },
      { restriction: 'r2', decision: { kind: 'reject', reply } },
    ])
  })

  it('passes on what a restriction throws', async () => {
    const broken: Restriction = {
      name: 'broken',
      decide: () => Promise.reject(new Error('no answer')),
    }
    await expect(evaluate([broken], facts)).rejects.toThrow('no answer')
  })
})

describe('a threshold', () => {
  const scored = (...points: readonly number[]) =>
    points.map((each): Decision => ({ kind: 'score', points: each }))
  const threshold = rejectScore('reject_suspicious', { points: 5, reply })
  const judged = (...restrictions: readonly Restriction[]) => evaluate(restrictions, facts)

  it('refuses by its name who has scored so much, and nobody with less', async () => {
    const enough = await judged(...list(...scored(7, -2)), threshold)
    expect(enough.verdict).toEqual({ kind: 'reject', reply, restriction: 'reject_suspicious' })
    expect((await judged(...list(...scored(7, -2.5)), threshold)).verdict.kind).toBe('permit')
  })

  it('judges what was scored before it', async () => {
    const [late] = list(...scored(9))
    if (late === undefined) throw new Error('no restriction')
    expect((await judged(threshold, late)).verdict.kind).toBe('permit')
  })

  it('does not judge who was permitted before it', async () => {
    const { verdict } = await judged(...list(...scored(9), { kind: 'permit' }), threshold)
    expect(verdict.kind).toBe('permit')
  })
})
