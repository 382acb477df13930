import { expect, it } from 'vitest'
import { createDecisionRecorder, type Decided } from '#services/policy/records/recorder.ts'
import type { Table } from '#shared/storage/ports.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { recipientRequest } from '#test/support/policy-facts.ts'

function decided(recipient: string): Decided {
  return {
    ask: 'recipient',
    request: recipientRequest({ recipient }),
    trail: [],
    lookups: {},
    verdict: { kind: 'permit', prepend: '', finalRecipients: 1 },
  }
}

it('writes nothing before the answer is out, and goes on after a record that is too long to be kept', async () => {
  const written: unknown[] = []
  const log = new MemoryLog()
  const recorder = createDecisionRecorder({
    counters: {
      batchWrite: async (items: Parameters<Table['batchWrite']>[0]) => void written.push(...items),
    },
    clock: new ManualClock(Date.UTC(2026, 10, 30)),
    log,
    options: { policyRecordLifetime: 1_000 },
  })
  // Nothing that could be made shorter.
  const long = Array.from({ length: 400_000 }, (_, n) => (n * 2_654_435_761) % 99_991).join()
  recorder.note(decided(long))
  expect(written).toEqual([])
  await recorder.settle()
  expect(written).toEqual([])
  expect(log.find('decisions left out of the record')).toMatchObject({ count: 1 })

  recorder.note(decided('ann@example.test'))
  await recorder.settle()
  expect(written).toHaveLength(1)
})
