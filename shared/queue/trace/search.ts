// Finds messages by an address or a Message-ID: reads the journal of the time that is meant, newest day first, and looks at every
// message that seems to match.

import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import type { Query, Table } from '#shared/storage/ports.ts'
import {
  addressKey,
  fingerprintsOf,
  journalDays,
  matching,
  messageIdKey,
  type Sought,
} from './journal.ts'
import type { ReadStory, Story } from './story.ts'

/** Stories that are read at once. */
const STORIES_AT_ONCE = 16

export type Found = {
  /** Newest first. */
  readonly stories: readonly Story[]
  /** There may be older ones. */
  readonly isCut: boolean
}

export type SearchRange = {
  readonly sinceMs: number
  readonly nowMs: number
  readonly limit: number
  /** Of those that match; absent: all of them. */
  readonly isWanted?: (story: Story) => Promise<boolean>
}

export async function searchStories(
  deps: { readonly table: Pick<Table, 'query'>; readonly readStory: ReadStory },
  sought: Sought,
  range: SearchRange,
): Promise<Found> {
  const { sinceMs, nowMs, limit, isWanted = async () => true } = range
  const wanted = fingerprintsOf(sought)
  const stories: Story[] = []
  const seen = new Set<QueueId>()
  for (const queries of [guessed(sought), ...journalDays(sinceMs, nowMs)]) {
    const ids = 'queueIds' in queries ? queries.queueIds : await idsOf(deps.table, queries, wanted)
    const fresh = [...new Set(ids)]
      .filter((id) => !seen.has(id))
      .sort()
      .reverse()
    for (let at = 0; at < fresh.length && stories.length < limit; at += STORIES_AT_ONCE) {
      const some = fresh.slice(at, at + STORIES_AT_ONCE)
      const read = await Promise.all(some.map((id) => deps.readStory(id)))
      for (const [n, story] of read.entries()) {
        const id = some[n]
        if (id !== undefined) seen.add(id)
        if (story === undefined || !isSought(story, sought)) continue
        if (await isWanted(story)) stories.push(story)
      }
    }
    if (stories.length >= limit) break
  }
  return { stories: stories.slice(0, limit), isCut: stories.length >= limit }
}

/** The Message-ID that a message without one is given names it. */
function guessed(sought: Sought): { readonly queueIds: readonly QueueId[] } {
  if (sought.kind === 'client') return { queueIds: [] }
  const [name = ''] = messageIdKey(sought.words).split('@')
  return { queueIds: parseQueueId(name) === undefined ? [] : [name as QueueId] }
}

async function idsOf(
  table: Pick<Table, 'query'>,
  queries: readonly Query[],
  wanted: ReadonlySet<number>,
): Promise<readonly QueueId[]> {
  const found = await Promise.all(
    queries.map(async (query) => {
      const ids: QueueId[] = []
      let after: string | undefined
      do {
        const page = await table.query({ ...query, ...(after !== undefined && { after }) })
        for (const { entries } of page.items) {
          if (entries instanceof Uint8Array) ids.push(...matching(entries, wanted))
        }
        after = page.next
      } while (after !== undefined)
      return ids
    }),
  )
  return found.flat()
}

function isSought({ head, steps, groups }: Story, sought: Sought): boolean {
  if (sought.kind === 'client') return head.origin.remoteAddress === sought.remoteAddress
  const messageId = messageIdKey(sought.words)
  // Where it has none it has the one that we gave it, which begins so.
  if (head.messageId === null && messageId.startsWith(`${head.queueId}@`)) return true
  if (head.messageId !== null && messageIdKey(head.messageId) === messageId) return true
  // Of very many recipients not all are named; then the fingerprint has to do.
  if (head.more > 0) return true
  const key = addressKey(sought.words)
  const named = [
    head.sender,
    ...head.recipients,
    ...groups.flatMap(({ recipients }) => recipients.map(({ address }) => address)),
    ...steps.flatMap((step) => {
      if (step.kind !== 'attempt') return []
      return step.event.results.flatMap(({ recipients }) =>
        recipients.map(({ address }) => address),
      )
    }),
  ]
  return named.some((address) => addressKey(address) === key)
}
