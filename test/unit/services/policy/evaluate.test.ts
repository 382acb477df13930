import { describe, expect, it } from 'vitest'
import { evaluate, noEffects, noProgress } from '#services/policy/evaluate.ts'
import type { Decision, Restriction } from '#services/policy/restriction.ts'
import { ASKED_RESTRICTIONS_MAX } from '#shared/settings/restrictions/nesting.ts'
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

describe('a score', () => {
  const scored = (...points: readonly number[]) =>
    points.map((each): Decision => ({ kind: 'score', points: each }))
  const threshold: Restriction = {
    name: 'reject_suspicious',
    decide: ({ score }) => (score >= 5 ? { kind: 'reject', reply } : dunno),
  }
  const judged = (...restrictions: readonly Restriction[]) => evaluate(restrictions, facts)

  it('is seen by whoever comes after it, summed up', async () => {
    const enough = await judged(...list(...scored(7, -2)), threshold)
    expect(enough.verdict).toEqual({ kind: 'reject', reply, restriction: 'reject_suspicious' })
    expect((await judged(...list(...scored(7, -2.5)), threshold)).verdict.kind).toBe('permit')
  })

  it('is not seen by whoever came before it', async () => {
    const [late] = list(...scored(9))
    if (late === undefined) throw new Error('no restriction')
    expect((await judged(threshold, late)).verdict.kind).toBe('permit')
  })

  it('is not seen by whoever is not asked', async () => {
    const { verdict } = await judged(...list(...scored(9), { kind: 'permit' }), threshold)
    expect(verdict.kind).toBe('permit')
  })
})

describe('what is put off', () => {
  const soon = { code: 450, status: '4.2.0', text: 'soon' } as const
  const ifPermit = { kind: 'defer-if-permit', reply: later } as const
  const ifReject = { kind: 'defer-if-reject', reply: soon } as const
  const told = async (...decisions: readonly Decision[]) => {
    const { verdict, deferIfPermit } = await judge(...decisions)
    const text = verdict.kind === 'reject' ? verdict.reply.text : verdict.kind
    return { text, waits: deferIfPermit?.restriction }
  }

  it('if nothing refuses it waits for whoever comes after, and the first reason counts', async () => {
    const other = { kind: 'defer-if-permit', reply: soon } as const
    expect(await told(ifPermit, other)).toEqual({ text: 'permit', waits: 'r1' })
    expect(await told(ifPermit, { kind: 'permit' })).toEqual({ text: 'permit', waits: 'r1' })
    expect(await told(ifPermit, { kind: 'reject', reply })).toMatchObject({ text: 'no' })
  })

  it('in place of a refusal is what a refusal for good becomes, and no other', async () => {
    expect((await told(ifReject, { kind: 'reject', reply })).text).toBe('soon')
    expect((await told(ifReject, { kind: 'defer', reply: later })).text).toBe('later')
    expect((await told(ifReject)).text).toBe('permit')
    expect((await told({ kind: 'reject', reply }, ifReject)).text).toBe('no')
  })

  it('either way ends the list at once, and not what is asked after it', async () => {
    for (const both of [
      [ifReject, ifPermit],
      [ifPermit, ifReject],
    ]) {
      const ended = await told(...both, { kind: 'reject', reply })
      expect(ended).toMatchObject({ text: 'permit', waits: expect.stringMatching(/^r[12]$/) })
    }
  })
})

describe('warn_if_reject', () => {
  const warned = (...decisions: readonly Decision[]) =>
    evaluate(
      list(...decisions).map((one, n) => (n === 0 ? { ...one, warnOnly: true } : one)),
      facts,
    )
  const last = { kind: 'reject', reply: later } as const

  it.each([
    ['reject', { kind: 'reject', reply }],
    ['defer', { kind: 'defer', reply }],
    ['defer-if-permit', { kind: 'defer-if-permit', reply }],
  ] as const)('makes a warning of %s, and the list goes on', async (_, decision) => {
    const { verdict, effects, deferIfPermit } = await warned(decision, last)
    expect(verdict).toMatchObject({ restriction: 'r2' })
    expect(effects.warnings).toEqual(['r1 would refuse: 554 5.7.1 no'])
    expect(deferIfPermit).toBeUndefined()
  })

  it('makes none of trouble, of what permits, and of DEFER_IF_REJECT', async () => {
    expect((await warned({ kind: 'failure', reply: later })).verdict).toMatchObject({
      reply: later,
    })
    expect((await warned({ kind: 'permit' }, last)).verdict).toEqual({ kind: 'permit' })
    const soft = { kind: 'defer-if-reject', reply: later } as const
    expect((await warned(soft, { kind: 'reject', reply })).verdict).toMatchObject({ reply: later })
  })

  it('counts for all of a list that stands in its place', async () => {
    const restrictions = [{ name: 'inner', decide: () => ({ kind: 'reject', reply }) as const }]
    const { verdict, effects } = await warned({ kind: 'list', restrictions })
    expect(verdict).toEqual({ kind: 'permit' })
    expect(effects.warnings).toEqual(['inner would refuse: 554 5.7.1 no'])
  })
})

describe('a list in a list', () => {
  const inner = (...decisions: readonly Decision[]): Decision => ({
    kind: 'list',
    restrictions: decisions.map((decision, n) => ({ name: `i${n + 1}`, decide: () => decision })),
  })

  it('ends the outer one as it is ended itself', async () => {
    const no = { kind: 'reject', reply } as const
    expect((await judge(inner({ kind: 'permit' }), no)).verdict).toEqual({ kind: 'permit' })
    expect((await judge(inner(no))).verdict).toMatchObject({ restriction: 'i1' })
    const { verdict, trail } = await judge(inner(dunno), no)
    expect(verdict).toMatchObject({ restriction: 'r2' })
    expect(trail.map(({ restriction }) => restriction)).toEqual(['r1', 'i1', 'r2'])
  })

  it('that contains itself comes to an end', async () => {
    const restrictions: Restriction[] = []
    restrictions.push({ name: 'round', decide: () => ({ kind: 'list', restrictions }) })
    await expect(evaluate(restrictions, facts)).rejects.toThrow('round contains itself')
  })

  it('asks so many restrictions in all, and no more', async () => {
    const asking = (times: number) =>
      evaluate(list(...Array.from({ length: times }, () => dunno)), facts)
    expect((await asking(ASKED_RESTRICTIONS_MAX)).verdict).toEqual({ kind: 'permit' })
    await expect(asking(ASKED_RESTRICTIONS_MAX + 1)).rejects.toThrow('more than 10000 restrictions')
    const doubling = (depth: number): Decision =>
      depth === 0 ? dunno : inner(doubling(depth - 1), doubling(depth - 1))
    await expect(judge(doubling(14))).rejects.toThrow('more than 10000 restrictions')
  })
})
