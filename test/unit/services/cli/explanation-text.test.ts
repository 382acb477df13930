import { describe, expect, it } from 'vitest'
import { explanation } from '#services/cli/explanation-text.ts'
import { recordOf } from '#services/policy/records/recorder.ts'
import type { Decision } from '#services/policy/restriction.ts'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import { envelope } from '#test/support/content.ts'
import { decidedRecipient, refused, taken } from '#test/support/decisions.ts'

const atMs = Date.UTC(2026, 10, 20, 3, 4, 5)
const text = (...records: readonly DecisionRecord[]) => explanation(records).join('\n')
const refusal = { kind: 'reject', reply: { code: 554, status: '5.7.1', text: 'listed' } } as const

describe('an explanation', () => {
  it('tells who came, what was said, what the DNS answered, and the verdict first', () => {
    const said = {
      permit_mynetworks: { kind: 'dunno' },
      'check_policy_service policyd-weight': { kind: 'score', points: 3.5, why: 'IN_LIST=3.5' },
      'reject_rbl_client zen.example.net': refusal,
    } as const
    const decided = {
      ...decidedRecipient({ said, verdict: { ...refused, warnings: ['beware'] } as const }),
      lookups: {
        'A 5.113.0.203.zen.example.net': { kind: 'found', records: ['127.0.0.2', '127.0.0.4'] },
        'MX remote.test': {
          kind: 'found',
          records: [{ preference: 10, exchange: 'mx.remote.test' }],
        },
        'PTR 203.0.113.5': { kind: 'failure', reason: 'ESERVFAIL' },
      },
    } as const
    expect(`\n${text(recordOf(decided, atMs, 16))}\n`).toBe(`
client 203.0.113.5 at smtp, HELO client.test, no TLS, sender <s@remote.test>

2026-11-20T03:04:05Z recipient ann@example.test: 550 5.7.1 (reject)
  550 5.7.1 no
  warning: beware
  score: 3.5
  stands for 16 like it
  recipient
    permit_mynetworks                         -
    check_policy_service policyd-weight       3.5 points
      IN_LIST=3.5
    reject_rbl_client zen.example.net         refuses
      554 5.7.1 listed
  DNS
    A 5.113.0.203.zen.example.net             127.0.0.2
      127.0.0.4
    MX remote.test                            10 mx.remote.test
    PTR 203.0.113.5                           failure
      ESERVFAIL
`)
  })

  it('shows what stands in lists below them, and what would only have been refused', () => {
    const steps = [
      { restriction: 'classy', decision: { kind: 'list', restrictions: [] } },
      { restriction: 'inner', decision: refusal, depth: 1, isWarned: true },
    ] as const
    const decided = {
      ...decidedRecipient(),
      trail: [{ stage: 'helo', steps }],
      lookups: {},
    } as const
    expect(text(recordOf(decided, atMs)).split('\n').slice(3)).toEqual([
      '  HELO',
      '    classy                                    asks these:',
      '      inner                                   would refuse',
      '        554 5.7.1 listed',
    ])
  })

  it('tells what filters said', () => {
    const { queueId, origin } = decidedRecipient().request
    const content = [
      { step: 'authentication', verdict: 'accept', found: 'spf=pass dmarc=pass', ms: 12 },
      { step: 'rspamd', verdict: 'junk', ms: 30 },
    ] as const
    const decided = {
      ask: 'content',
      request: { queueId, origin, envelope },
      trail: [],
      content,
    } as const
    const record = recordOf({ ...decided, lookups: {}, verdict: { ...taken, hold: 'why' } }, atMs)
    expect(text(record).split('\n').slice(3)).toEqual([
      '2026-11-20T03:04:05Z content: taken, held',
      '  held: why',
      '  content',
      '    authentication                            - (12 ms)',
      '      spf=pass dmarc=pass',
      '    rspamd                                    junk (30 ms)',
    ])
  })

  it.each<Decision>([
    { kind: 'permit' },
    { kind: 'defer', reply: refusal.reply },
    { kind: 'failure', reply: refusal.reply },
    { kind: 'discard' },
    { kind: 'warn', text: 'x' },
    { kind: 'prepend', fields: 'X-A: 1\r\nX-B: 2\r\n' },
    { kind: 'hold', reason: 'x' },
    { kind: 'redirect', to: 'a@b.test' },
    { kind: 'filter', destination: 'scan:[::1]:1' },
    { kind: 'bcc', to: 'a@b.test' },
    { kind: 'defer-if-permit', reply: refusal.reply },
    { kind: 'defer-if-reject', reply: refusal.reply },
  ])('fits 80 columns, and has words for $kind', (decision) => {
    const name = `check_client_access table:${'long'.repeat(30)}`
    const shown = text(
      recordOf(decidedRecipient({ said: { [name]: decision, short: decision } }), atMs),
    )
    const lines = shown.split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
    expect(lines.find((line) => line.includes('short'))).toMatch(/^ {4}short {37}\w/)
  })
})
