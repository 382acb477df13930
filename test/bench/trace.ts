// What it costs one machine to tell the story of its mail, in time of the processor and bytes of the store; and how long a search takes
// among very many messages.

import { createJournal, type Sought } from '#shared/queue/trace/journal.ts'
import { searchStories } from '#shared/queue/trace/search.ts'
import { createReadStory } from '#shared/queue/trace/story.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { queuedMessage } from '#test/support/mail-queue.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { printTable } from './table.ts'

const MESSAGES = 2_000
const BATCH = 50
/** The first, in which code is compiled, does not count. */
const ROUNDS = 5
const JOURNALED = 1_000_000
/** As cleanup takes them under load. */
const JOURNALED_AT_ONCE = 10
const DAY_MS = 86_400_000

export async function benchTrace(): Promise<void> {
  const rows: string[][] = []
  const ways = ['traceRetention=0', 'traceRetention=14d'] as const
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const set of ways) {
      const ms = await processorMsOf(set)
      if (round === 0) continue
      best.set(set, Math.min(best.get(set) ?? Number.POSITIVE_INFINITY, ms))
    }
  }
  for (const set of ways) rows.push([set, `${(best.get(set) ?? 0).toFixed(3)} ms`])
  console.log(`processor time of a message from the spool to a mailbox, the best of ${ROUNDS - 1}:`)
  printTable(['setting', 'each'], rows)
  await search()
}

/** Of a message: accepted, cleaned up, in a mailbox, and told of. */
async function processorMsOf(set: string): Promise<number> {
  const opened = await openEmbedded()
  try {
    const pipeline = createPipeline(opened.store, systemClock, { set: [set] })
    const names = Array.from({ length: 20 }, (_, n) => `u${n}@example.test`)
    for (const name of names) await pipeline.addAccount(name)
    const send = async (from: number, count: number) => {
      for (let n = from; n < from + count; n++) {
        const text = `Message-ID: <${n}@remote.test>\r\nSubject: x\r\n\r\n${'line\r\n'.repeat(300)}`
        await pipeline.accept(text, [names[n % names.length] ?? ''])
      }
      await pipeline.settle()
    }
    await send(0, 200)
    const before = process.cpuUsage()
    for (let n = 0; n < MESSAGES; n += BATCH) await send(200 + n, BATCH)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000 / MESSAGES
  } finally {
    await opened.close()
  }
}

async function search(): Promise<void> {
  const opened = await openEmbedded()
  try {
    const table = opened.store.tables.queue
    let nowMs = Date.now() - DAY_MS
    const clock = { now: () => nowMs, sleep: systemClock.sleep }
    const journal = createJournal({ table, retentionMs: 14 * DAY_MS, clock })
    let writes: Promise<void>[] = []
    for (let n = 0; n < JOURNALED; n += JOURNALED_AT_ONCE) {
      nowMs += (DAY_MS / JOURNALED) * JOURNALED_AT_ONCE * 0.9
      nowMs = Math.floor(nowMs)
      const messages = Array.from({ length: JOURNALED_AT_ONCE }, (_, i) =>
        queuedMessage(nowMs, {
          envelope: {
            sender: `s${n + i}@far.test`,
            recipients: [
              { address: `r${(n + i) % 1_000}@here.test`, notify: [], originalRecipient: null },
            ],
          },
        }),
      )
      writes.push(journal.note(messages))
      if (writes.length === 200) {
        await Promise.all(writes)
        writes = []
      }
    }
    await Promise.all(writes)
    const range = { sinceMs: Date.now() - 2 * DAY_MS, nowMs: Date.now(), limit: 50 }
    const readStory = createReadStory(table)
    const rows: string[][] = []
    for (const words of ['s500000@far.test', 'nobody@nowhere.test', 'r7@here.test']) {
      const sought: Sought = { kind: 'words', words }
      const startedMs = performance.now()
      await searchStories({ table, readStory }, sought, range)
      rows.push([words, `${((performance.now() - startedMs) / 1_000).toFixed(2)} s`])
    }
    console.log(`a search among ${JOURNALED.toLocaleString('en')} messages of a day:`)
    printTable(['address', 'wall'], rows)
  } finally {
    await opened.close()
  }
}
