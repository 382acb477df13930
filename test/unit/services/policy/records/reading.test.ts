import { expect, it } from 'vitest'
import { decisionItem } from '#services/policy/records/decision-record.ts'
import { decisionsOf, decisionsSince, refusalsOf } from '#services/policy/records/reading.ts'
import { recordOf } from '#services/policy/records/recorder.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { decidedRecipient, refused, taken } from '#test/support/decisions.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

it('reads what was decided since a time in the order of the transactions, whatever their shard and day', async () => {
  const opened = await openEmbedded()
  await using stack = new AsyncDisposableStack()
  stack.defer(() => opened.close())
  const { counters } = opened.store.tables
  const nowMs = Date.now()
  const times = Array.from({ length: 150 }, (_, n) => nowMs - DAY_MS + n * 300_000)
  const records = times.flatMap((atMs) => {
    const queueId = newQueueId(atMs)
    return [atMs, atMs + 1].map((ms) => recordOf(decidedRecipient({ queueId }), ms))
  })
  const items = records.map((record, n) => decisionItem(record, n, DAY_MS * 7))
  await counters.batchWrite(items.flatMap((put) => (put ? [{ put }] : [])).toReversed())

  const sinceMs = nowMs - DAY_MS + HOUR_MS
  const read = await Array.fromAsync(decisionsSince(counters, sinceMs, nowMs))
  expect(read).toEqual(records.filter(({ atMs }) => atMs >= sinceMs))
  const [first, second] = records
  if (first === undefined) throw new Error('no record')
  expect(await decisionsOf(counters, first.request.queueId)).toEqual([first, second])
  expect(await decisionsOf(counters, newQueueId(nowMs))).toEqual([])
})

it('finds refusals by client, sender and recipient, the newest first, and nothing that was taken', async () => {
  const opened = await openEmbedded()
  await using stack = new AsyncDisposableStack()
  stack.defer(() => opened.close())
  const { counters } = opened.store.tables
  const nowMs = Date.now()
  const times = Array.from({ length: 40 }, (_, n) => nowMs - n * HOUR_MS)
  const records = times.map((atMs, n) => {
    const verdict = n % 4 === 0 ? taken : refused
    const remoteAddress = n === 1 ? '2001:db8::1' : '192.0.2.7'
    const decided = decidedRecipient({ queueId: newQueueId(atMs), verdict, remoteAddress })
    return recordOf(decided, atMs)
  })
  const items = records.map((record, n) => decisionItem(record, n, DAY_MS * 7))
  await counters.batchWrite(items.flatMap((put) => (put ? [{ put }] : [])))

  const range = { sinceMs: nowMs - DAY_MS - 1, nowMs, limit: 100 }
  const wanted = records.filter(({ atMs, verdict }) => verdict !== taken && atMs >= range.sinceMs)
  expect(wanted).toHaveLength(18)
  expect(await refusalsOf(counters, 'S@remote.TEST', range)).toEqual(wanted)
  expect(await refusalsOf(counters, 'ann@example.test', range)).toEqual(wanted)
  expect(await refusalsOf(counters, '2001:db8::1', range)).toEqual(wanted.slice(0, 1))
  expect(await refusalsOf(counters, 'ann@example.test', { ...range, limit: 3 })).toEqual(
    wanted.slice(0, 3),
  )
  expect(await refusalsOf(counters, 'nobody@example.test', range)).toEqual([])
})
