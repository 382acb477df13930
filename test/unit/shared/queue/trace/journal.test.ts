import { describe, expect, it } from 'vitest'
import { newQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import {
  createJournal,
  ENTRY_FINGERPRINTS_MAX,
  FOUND_BY_MAX,
  fingerprintsOf,
  journalDays,
  matching,
} from '#shared/queue/trace/journal.ts'
import type { Item } from '#shared/storage/ports.ts'
import { queuedMessage, recipient } from '#test/support/mail-queue.ts'
import { manualClock } from '#test/support/pipeline.ts'

const clock = manualClock(Date.UTC(2026, 10, 20, 12))
const DAY_MS = 86_400_000

function journalWith(retentionMs = DAY_MS) {
  const written: Item[] = []
  const table = {
    async batchWrite(writes: readonly ({ readonly put: Item } | { readonly delete: unknown })[]) {
      for (const write of writes) if ('put' in write) written.push(write.put)
    },
  }
  return { written, journal: createJournal({ table, retentionMs, clock }) }
}

const to = (...addresses: readonly string[]) => ({
  envelope: {
    recipients: addresses.map((address) => ({ address, notify: [], originalRecipient: null })),
  },
})

function found(items: readonly Item[], words: string): QueueId[] {
  const wanted = fingerprintsOf({ kind: 'words', words })
  return items.flatMap(({ entries }) =>
    entries instanceof Uint8Array ? [...matching(entries, wanted)] : [],
  )
}

describe('the journal', () => {
  it('has one item for all messages of a batch, of some twenty bytes each', async () => {
    const { journal, written } = journalWith()
    const messages = Array.from({ length: 10 }, (_, n) =>
      queuedMessage(clock.now(), to(`r${n}@far.test`)),
    )
    await journal.note(messages)
    expect(written).toHaveLength(1)
    expect(written[0]?.entries).toHaveLength(1 + 10 * (18 + 2 + 3 * 4))
    expect(written[0]?.ttl).toBe((clock.now() + DAY_MS) / 1_000)
    expect(found(written, 'R7@FAR.test')).toEqual([messages[7]?.queueId])
    expect(found(written, 'sender@far.example')).toHaveLength(10)
    expect(found(written, 'r10@far.test')).toEqual([])
  })

  it('knows whom aliases led to, and says nothing twice', async () => {
    const { journal, written } = journalWith()
    const message = queuedMessage(clock.now(), to('team@here.test', 'ann@here.test'))
    await journal.note([message])
    await journal.noteRecipients(message, [recipient('Ann@here.test')])
    expect(written).toHaveLength(1)
    await journal.noteRecipients(message, [recipient('bob@here.test'), recipient('ann@here.test')])
    expect(written).toHaveLength(2)
    expect(new Set(written.map(({ sk }) => sk)).size).toBe(2)
    expect(found(written, 'bob@here.test')).toEqual([message.queueId])
  })

  it('finds a message by each of very many recipients, up to a limit', async () => {
    const { journal, written } = journalWith()
    const all = Array.from({ length: FOUND_BY_MAX + 1 }, (_, n) => `r${n}@far.test`)
    const message = queuedMessage(clock.now(), to(...all))
    await journal.note([message])
    expect(found(written, `r${ENTRY_FINGERPRINTS_MAX + 5}@far.test`)).toEqual([message.queueId])
    expect(found(written, `r${FOUND_BY_MAX - 1}@far.test`)).toEqual([message.queueId])
    expect(found(written, `r${FOUND_BY_MAX}@far.test`)).toEqual([])
  })

  it('keeps nothing where nothing is to be kept', async () => {
    const { journal, written } = journalWith(0)
    const message = queuedMessage(clock.now(), to('a@far.test'))
    await journal.note([message])
    await journal.noteRecipients(message, [recipient('b@far.test')])
    expect(written).toEqual([])
    expect(journal.items([message])).toEqual([])
  })

  it('is read by days, the newest first, and no older than what is meant', () => {
    const nowMs = Date.UTC(2026, 10, 20, 1)
    const days = [...journalDays(nowMs - DAY_MS, nowMs)]
    expect(days.map(([first]) => first?.pk)).toEqual(['J#2026-11-20#0', 'J#2026-11-19#0'])
    expect(days[1]?.[15]).toEqual({
      pk: 'J#2026-11-19#15',
      sk: { from: `00${nowMs - DAY_MS}` },
    })
  })

  it('reads whatever stands in its place to its end, and finds what is there', async () => {
    const { journal, written } = journalWith()
    const message = queuedMessage(clock.now(), to('a@far.test'))
    await journal.note([message])
    const whole = written[0]?.entries
    if (!(whole instanceof Uint8Array)) throw new Error('no entries')
    const wanted = fingerprintsOf({ kind: 'words', words: 'a@far.test' })
    for (let end = 0; end < whole.length; end++) {
      expect([...matching(whole.subarray(0, end), wanted)]).toEqual([])
    }
    expect([...matching(Uint8Array.of(2, ...whole.subarray(1)), wanted)]).toEqual([])
    let seed = 1
    for (let round = 0; round < 300; round++) {
      const bytes = whole.map((byte) => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed % 5 === 0 ? seed & 255 : byte
      })
      for (const id of matching(bytes, wanted)) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{18}$/)
    }
  })

  it('tells ids of one moment apart', async () => {
    const { journal, written } = journalWith()
    await journal.note([queuedMessage(1, to('a@far.test'))])
    await journal.note([queuedMessage(1, to('a@far.test'))])
    expect(new Set(written.map(({ pk, sk }) => `${pk} ${sk}`)).size).toBe(2)
    expect(newQueueId(1)).not.toBe(newQueueId(1))
  })
})
