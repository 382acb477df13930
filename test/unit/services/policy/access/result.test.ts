import { describe, expect, it } from 'vitest'
import {
  type Answer,
  createDecideResult,
  type ResultSettings,
} from '#services/policy/access/result.ts'
import { evaluate } from '#services/policy/evaluate.ts'
import type { Known } from '#services/policy/known.ts'
import { type Decision, permit, reject } from '#services/policy/restriction.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { known } from '#test/support/policy-facts.ts'

const refusing = {
  name: 'refusing',
  decide: () => reject({ code: 554, status: '5.7.1', text: 'no' }),
}
const class1 = [{ name: 'permit', decide: () => permit }] as const

function world(settings: Partial<ResultSettings> = {}) {
  const log = new MemoryLog()
  const compiled: string[] = []
  const decideResult = createDecideResult({
    log,
    settings: { accessMapRejectCode: 554, accessMapDeferCode: 450, ...settings },
    compile(text) {
      compiled.push(text)
      if (text === 'class1') return class1
      throw new Error(`unknown word '${text}'`)
    },
  })
  const decide = (result: string, answer: Partial<Answer> = {}, given: Partial<Known> = {}) =>
    decideResult(known(given), {
      result,
      from: 'check_sender_access table:t',
      subject: 'sender',
      ...answer,
    })
  return { log, compiled, decide }
}
const { decide } = world()

const reply = (code: number, status: string, text: string) => ({
  reply: { code, status, text: `<s@remote.test>: Sender address rejected: ${text}` },
})
const dunno = { kind: 'dunno' }
const misconfigured = {
  kind: 'failure',
  reply: { code: 451, status: '4.3.5', text: 'Server configuration error' },
}
const warning = (text: string) => ({ kind: 'warn', text: `check_sender_access table:t: ${text}` })

async function decisions(decision: Decision): Promise<readonly Decision[]> {
  if (decision.kind !== 'list') throw new Error(decision.kind)
  return Promise.all(decision.restrictions.map((one) => one.decide({} as Known)))
}

describe('a result', () => {
  it.each([
    ['OK', { kind: 'permit' }],
    ['1234', { kind: 'permit' }],
    ['DUNNO', dunno],
    ['REJECT', { kind: 'reject', ...reply(554, '5.7.1', 'Access denied') }],
    ['REJECT not you', { kind: 'reject', ...reply(554, '5.7.1', 'not you') }],
    ['REJECT 5.7.9 not you', { kind: 'reject', ...reply(554, '5.7.9', 'not you') }],
    // The first digit follows the code, and what it says of an address must be said of a sender (RFC 3463 §3.2).
    ['REJECT 4.1.1 not you', { kind: 'reject', ...reply(554, '5.1.7', 'not you') }],
    ['DEFER', { kind: 'defer', ...reply(450, '4.7.1', 'Access denied') }],
    ['451 come back', { kind: 'defer', ...reply(451, '4.7.1', 'come back') }],
    ['550 5.1.8 go away', { kind: 'reject', ...reply(550, '5.1.8', 'go away') }],
    ['521 go away', { kind: 'reject', ...reply(521, '5.7.1', 'go away') }],
    ['DEFER_IF_PERMIT', { kind: 'defer-if-permit', ...reply(450, '4.7.1', 'Service unavailable') }],
    ['DEFER_IF_REJECT 4.2.0 hm', { kind: 'defer-if-reject', ...reply(450, '4.2.0', 'hm') }],
    ['DISCARD', { kind: 'discard' }],
    ['HOLD', { kind: 'hold', reason: 'check_sender_access table:t (sender)' }],
    ['HOLD look at it', { kind: 'hold', reason: 'look at it' }],
    ['FILTER smtp:[::1]:10025', { kind: 'filter', destination: 'smtp:[::1]:10025' }],
    ['REDIRECT eve@example.test', { kind: 'redirect', to: 'eve@example.test' }],
    ['BCC eve@example.test', { kind: 'bcc', to: 'eve@example.test' }],
    [
      'PREPEND X-Grüße: x',
      warning("PREPEND needs a header field 'Name: value' on one line, not 'X-Grüße: x'"),
    ],
    ['PREPEND X-Seen: ü', { kind: 'prepend', fields: 'X-Seen: Ã¼\r\n' }],
    ['INFO hello', warning('hello')],
    ['WARN', warning('matches')],
    ['FILTER nowhere', warning("FILTER needs transport:destination, not 'nowhere'")],
  ])('%s', async (result, decision) => {
    expect(await decide(result)).toEqual(decision)
  })

  it('that is empty permits, with a warning', async () => {
    expect(await decisions(await decide(''))).toEqual([
      warning('an empty result is taken for OK'),
      { kind: 'permit' },
    ])
  })

  it('that discards says why in the log', async () => {
    expect(await decisions(await decide('DISCARD spam'))).toEqual([
      warning('DISCARD spam'),
      { kind: 'discard' },
    ])
  })

  it('has the codes that are set', async () => {
    const { decide } = world({ accessMapRejectCode: 521, accessMapDeferCode: 421 })
    expect(await decide('REJECT')).toMatchObject({ kind: 'reject', reply: { code: 521 } })
    expect(await decide('DEFER')).toMatchObject({ kind: 'defer', reply: { code: 421 } })
    expect(await world({ accessMapRejectCode: 450 }).decide('REJECT')).toMatchObject({
      kind: 'defer',
      reply: { code: 450, status: '4.7.1' },
    })
  })
})

describe('restrictions that a table names', () => {
  it('are asked in its place, compiled once', async () => {
    const { decide, compiled } = world()
    for (let i = 0; i < 3; i++) {
      expect(await decide('class1')).toEqual({ kind: 'list', restrictions: class1 })
    }
    expect(compiled).toEqual(['class1'])
  })

  it('that are none are 451 4.3.5, told once in the log', async () => {
    const { decide, log } = world()
    for (let i = 0; i < 3; i++) expect(await decide('REJEKT')).toEqual(misconfigured)
    expect(log.lines).toMatchObject([
      {
        level: 'warn',
        message: 'policy is misconfigured',
        fields: { warning: "check_sender_access table:t: 'REJEKT': unknown word 'REJEKT'" },
      },
    ])
  })

  it('may ask no further table: that takes a restriction class', async () => {
    const { decide, compiled } = world()
    expect(await decide('check_client_access table:x')).toEqual(misconfigured)
    expect(compiled).toEqual([])
  })
})

describe('traps', () => {
  it.each(['OK', '1', ''])('%j where a table must permit nobody is 451 4.3.5', async (result) => {
    expect(await decide(result, { neverPermits: true })).toEqual(misconfigured)
  })

  it.each(['OK', ''])('%j for a recipient whose way its sender says is nothing', async (result) => {
    expect(await decide(result, { isSenderRouted: true })).toEqual(dunno)
  })

  it('in restrictions that a table names are no way round', async () => {
    const said = async (answer: Partial<Answer>) => {
      const list = [{ name: 'check', decide: () => decide('class1', answer) }]
      return (await evaluate([...list, refusing], known())).verdict
    }
    const { reply } = misconfigured
    expect(await said({})).toEqual({ kind: 'permit' })
    expect(await said({ neverPermits: true })).toMatchObject({ reply, restriction: 'check' })
    expect(await said({ isSenderRouted: true })).toMatchObject({ restriction: 'refusing' })
  })

  it.each(['DISCARD', 'HOLD', 'FILTER a:b', 'REDIRECT a@b.test', 'BCC a@b.test', 'PREPEND X: y'])(
    '%s before there is a message is a warning (smtpd_delay_reject = no)',
    async (result) => {
      for (const stage of ['connect', 'helo'] as const) {
        expect(await decide(result, {}, { stage, answering: stage })).toMatchObject({
          kind: 'warn',
        })
      }
      const delayed = await decide(result, {}, { stage: 'connect', answering: 'recipient' })
      expect(delayed.kind).not.toBe('warn')
    },
  )

  it('REJECT before there is a message is one', async () => {
    const early = { stage: 'connect', answering: 'connect' } as const
    expect(await decide('REJECT', {}, early)).toMatchObject({ kind: 'reject' })
  })
})
