import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  DECISION_RECORD_VERSION,
  daysSince,
  decisionItem,
  readDecision,
} from '#services/policy/records/decision-record.ts'
import { recordOf } from '#services/policy/records/recorder.ts'
import type { RecordedDns } from '#shared/dns/recording-resolver.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { decidedRecipient } from '#test/support/decisions.ts'

const DAY_MS = 86_400_000
const atMs = Date.UTC(2026, 10, 20, 23, 59)
const queueId = newQueueId(atMs)
const record = recordOf(decidedRecipient({ queueId, said: { permit: { kind: 'permit' } } }), atMs)

describe('a record', () => {
  it('is read as it was written', () => {
    const item = decisionItem(record, 1, DAY_MS)
    expect(item && readDecision(item)).toEqual(record)
  })

  it('lies with all of its transaction, on the day that one began, for as long as is wanted', () => {
    const later = { ...record, atMs: atMs + 120_000 }
    expect(decisionItem(later, 7, DAY_MS)).toMatchObject({
      pk: `DECISION#2026-11-20#${queueId.slice(-1)}`,
      sk: `${queueId}#00${atMs + 120_000}#000007`,
      ttl: (atMs + 120_000 + DAY_MS) / 1_000,
    })
  })

  it('has no code of lists in it', () => {
    const said = { classy: { kind: 'list', restrictions: [] } } as const
    const { trail } = recordOf(decidedRecipient({ said }), atMs)
    expect(trail[0]?.steps).toEqual([{ restriction: 'classy', decision: { kind: 'list' } }])
  })

  it('is without its lookups where it would be too long, and is not where it is too long even so', () => {
    const long = () =>
      ({ kind: 'found', records: [randomBytes(64 * 1024).toString('base64')] }) as const
    const lookups: RecordedDns = { 'TXT a.test': long() }
    const shortened = decisionItem({ ...record, lookups }, 1, DAY_MS)
    expect(shortened && readDecision(shortened)).toEqual({ ...record, lookups: {} })
    const verdict = {
      kind: 'discard',
      restriction: randomBytes(64 * 1024).toString('base64'),
    } as const
    expect(decisionItem({ ...record, verdict }, 1, DAY_MS)).toBeUndefined()
  })

  it('of a later version is not read', () => {
    const later = { ...record, version: DECISION_RECORD_VERSION + 1 }
    const bytes = deflateRawSync(JSON.stringify(later))
    expect(readDecision({ pk: 'p', sk: 's', record: bytes })).toBeUndefined()
    expect(readDecision({ pk: 'p', sk: 's' })).toBeUndefined()
  })
})

it('days are those of UTC, from the first on', () => {
  const days = daysSince(atMs, atMs + DAY_MS).map((ms) => new Date(ms).toISOString().slice(0, 10))
  expect(days).toEqual(['2026-11-20', '2026-11-21'])
})
