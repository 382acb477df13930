import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Step } from '#services/policy/evaluate.ts'
import { readDecision } from '#services/policy/records/decision-record.ts'
import { REFUSALS_RECORDED_MAX } from '#services/policy/records/flood-sampling.ts'
import {
  createDecisionRecorder,
  type Decided,
  RECORDS_WAITING_MAX,
} from '#services/policy/records/recorder.ts'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import type { MessageRequest } from '#shared/contracts/policy.ts'
import type { Table } from '#shared/storage/ports.ts'
import { envelope, recipient } from '#test/support/content.ts'
import { decidedRecipient, refused, taken } from '#test/support/decisions.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { recipientRequest } from '#test/support/policy-facts.ts'

/** Encoding waits for a turn of its own, writing for another. */
async function turn(): Promise<void> {
  for (let n = 0; n < 4; n++) await setImmediate()
}

let written: DecisionRecord[]
let batches: number[]
let fail: boolean
let log: MemoryLog

beforeEach(() => {
  written = []
  batches = []
  fail = false
  log = new MemoryLog()
})

function recorder(
  policyRecordLifetime = 1_000,
  gate: Promise<unknown> = Promise.resolve(),
  clock = new ManualClock(5),
) {
  const counters: Pick<Table, 'batchWrite'> = {
    async batchWrite(writes) {
      await gate
      if (fail) throw new Error('no table')
      batches.push(writes.length)
      for (const write of writes) {
        const record = 'put' in write ? readDecision(write.put) : undefined
        if (record) written.push(record)
      }
    },
  }
  const options = { policyRecordLifetime }
  return createDecisionRecorder({ counters, clock, log, options })
}

const { queueId, origin } = recipientRequest()
const messageRequest: MessageRequest = {
  queueId,
  origin,
  envelope,
  bytes: 1,
  receivedFields: 0,
  header: 'Subject: secret\r\n',
  from: [],
  sender: [],
}
const silent = [
  { stage: 'message', steps: [{ restriction: 'x', decision: { kind: 'dunno' } }] },
] as const
const aboutMessage = {
  ask: 'message',
  request: messageRequest,
  trail: silent,
  lookups: {},
} as const

describe('a recorder', () => {
  it('has written all that was noted once it is settled, several at once', async () => {
    const { note, settle } = recorder()
    for (let n = 0; n < 30; n++) note(decidedRecipient())
    await settle()
    expect(written).toHaveLength(30)
    expect(written[0]).toMatchObject({ ask: 'recipient', atMs: 5, weight: 1, verdict: taken })
    expect(batches).toEqual([25, 5])
    note(decidedRecipient())
    await settle()
    expect(written).toHaveLength(31)
  })

  it('waits a moment for more, and no longer once there are enough', async () => {
    const clock = new ManualClock()
    const { note } = recorder(1_000, Promise.resolve(), clock)
    note(decidedRecipient())
    await turn()
    expect(batches).toEqual([])
    note(decidedRecipient())
    await clock.advance(200)
    await turn()
    expect(batches).toEqual([2])
    for (let n = 0; n < 26; n++) note(decidedRecipient())
    await turn()
    expect(batches).toEqual([2, 25, 1])
  })

  it('notes nothing where nothing is to be kept', async () => {
    const { note, settle } = recorder(0)
    note(decidedRecipient())
    await settle()
    expect(batches).toEqual([])
  })

  it('leaves the newest out where the store is slower, says so once, and goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { note, settle } = recorder(1_000, promise)
    note(decidedRecipient())
    const settled = settle()
    await turn()
    for (let n = 0; n < RECORDS_WAITING_MAX + 40; n++) note(decidedRecipient())
    resolve()
    await settled
    expect(written).toHaveLength(RECORDS_WAITING_MAX + 1)
    expect(log.lines).toMatchObject([{ fields: { count: 40 } }])
    note(decidedRecipient())
    await settle()
    expect(written).toHaveLength(RECORDS_WAITING_MAX + 2)
  })

  it('goes on behind a store that fails, and behind a record that is too long', async () => {
    const { note, settle } = recorder()
    fail = true
    note(decidedRecipient())
    await settle()
    fail = false
    const restriction = randomBytes(100_000).toString('base64')
    note(decidedRecipient({ verdict: { kind: 'discard', restriction } }))
    await settle()
    note(decidedRecipient())
    await settle()
    expect(written).toHaveLength(1)
    expect(log.lines.map(({ message }) => message)).toEqual([
      'decisions not recorded',
      'decisions left out of the record',
      'decisions left out of the record',
    ])
  })

  it('keeps some of a flood of refusals, and all of what is taken', async () => {
    const { note, settle } = recorder()
    for (let n = 0; n < 100; n++) {
      note(decidedRecipient({ verdict: refused }))
      note(decidedRecipient())
    }
    await settle()
    const refusals = written.filter(({ verdict }) => verdict.kind === 'reject')
    expect(refusals).toHaveLength(REFUSALS_RECORDED_MAX + 2)
    expect(refusals.reduce((sum, { weight }) => sum + weight, 0)).toBe(64)
    expect(written.length - refusals.length).toBe(100)
  })

  it('keeps nothing of a message about which nobody had anything to say', async () => {
    const { note, settle } = recorder()
    note({ ...aboutMessage, verdict: taken })
    note({
      ask: 'content',
      request: { queueId, origin, envelope },
      trail: [],
      content: [{ step: 'clamd', verdict: 'accept', ms: 1 }],
      lookups: {},
      verdict: taken,
    })
    await settle()
    expect(written).toEqual([])
  })

  it('keeps of a message neither its header nor all of its recipients', async () => {
    const { note, settle } = recorder()
    const recipients = Array.from({ length: 100 }, (_, n) => recipient(`u${n}@example.test`))
    const request = { ...messageRequest, envelope: { ...envelope, recipients } }
    note({ ...aboutMessage, request, verdict: refused })
    await settle()
    const [kept] = written
    expect(kept?.request).not.toHaveProperty('header')
    expect(kept?.request).toMatchObject({ envelope: { recipients: recipients.slice(0, 20) } })
  })
})

describe('what is not worth a record', () => {
  const own = { restriction: 'permit_sasl_authenticated', decision: { kind: 'permit' } } as const
  const dunno = { restriction: 'x', decision: { kind: 'dunno' } } as const
  const recordedOf = async (steps: readonly Step[], more: Partial<Decided> = {}) => {
    const { note, settle } = recorder()
    const trail = [{ stage: 'recipient', steps } as const]
    note({ ...decidedRecipient(), lookups: {}, trail, verdict: taken, ...more } as Decided)
    await settle()
    return written.length
  }

  it('is a recipient to whom one of our own sends, whom nobody had anything against', async () => {
    expect(await recordedOf([dunno, own, dunno])).toBe(0)
  })

  it.each([
    ['somebody else', [dunno, { ...own, restriction: 'permit' }], {}],
    ['a stranger', [dunno, dunno], {}],
    ['something to say', [{ ...dunno, decision: { kind: 'score', points: 1 } } as const, own], {}],
    ['what the DNS was asked', [own], { lookups: { 'A x.test': { kind: 'none' } } }],
    ['a refusal', [own], { verdict: refused }],
  ] as const)('is not where there is %s', async (_, steps, more) => {
    expect(await recordedOf(steps, more)).toBe(1)
  })
})
