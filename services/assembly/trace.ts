// A message's story, for whoever asks: what the queue tells of it, and what policy decided about it or refused.

import { isIP } from 'node:net'
import type { DecisionRecord } from '#services/policy/records/decision-record.ts'
import { decisionsOf, refusalsOf } from '#services/policy/records/reading.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { plainAddress } from '#shared/net/plain-address.ts'
import { searchStories } from '#shared/queue/trace/search.ts'
import { createReadStory, type Story } from '#shared/queue/trace/story.ts'
import type { Backend } from './backend.ts'

/** Of messages that are listed. */
export const LISTED_MAX = 50

export type Traced =
  /** One of which at least one of both is known. */
  | {
      readonly kind: 'one'
      readonly queueId: QueueId
      readonly story: Story | undefined
      readonly decisions: readonly DecisionRecord[]
    }
  | {
      readonly kind: 'several'
      /** Newest first. */
      readonly stories: readonly Story[]
      readonly refusals: readonly DecisionRecord[]
      /** Older ones may be left out. */
      readonly isCut: boolean
    }
  | { readonly kind: 'none' }

export async function trace(
  { store, settings, clock }: Pick<Backend, 'store' | 'settings' | 'clock'>,
  text: string,
  { sinceMs }: { readonly sinceMs: number },
): Promise<Traced> {
  const { queue: table, counters } = store.tables
  const readStory = createReadStory(table)

  async function one(queueId: QueueId, known?: Story): Promise<Traced> {
    const [story, decisions] = await Promise.all([
      known ?? readStory(queueId),
      decisionsOf(counters, queueId),
    ])
    if (story === undefined && decisions.length === 0) return { kind: 'none' }
    return { kind: 'one', queueId, story, decisions }
  }

  const queueId = parseQueueId(text.toUpperCase())
  if (queueId !== undefined) return one(queueId)
  const range = { sinceMs, nowMs: clock.now(), limit: LISTED_MAX }
  const address = bareAddress(text)
  const sought =
    isIP(address) === 0
      ? ({ kind: 'words', words: text } as const)
      : ({ kind: 'client', remoteAddress: plainAddress(address.toLowerCase()) } as const)
  // What is older is told no more, and each day is some questions.
  const keptMs = range.nowMs - settings.traceRetention
  const kept = { ...range, sinceMs: Math.max(sinceMs, keptMs) }
  const [{ stories, isCut }, refusals] = await Promise.all([
    searchStories({ table, readStory }, sought, kept),
    refusalsOf(counters, sought.kind === 'client' ? sought.remoteAddress : text, {
      ...range,
      sinceMs: Math.max(sinceMs, range.nowMs - settings.policyRecordLifetime),
    }),
  ])
  const [only, ...more] = stories
  if (only !== undefined && more.length === 0 && refusals.length === 0) {
    return one(only.head.queueId, only)
  }
  if (stories.length + refusals.length === 0) return { kind: 'none' }
  return { kind: 'several', stories, refusals, isCut: isCut || refusals.length === LISTED_MAX }
}

/** Without the brackets of a literal (RFC 5321 §4.1.3) or of a Received field. */
function bareAddress(text: string): string {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  return bare.toLowerCase().startsWith(IPV6) ? bare.slice(IPV6.length) : bare
}
const IPV6 = 'ipv6:'
