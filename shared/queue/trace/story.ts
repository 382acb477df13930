// What is known of a message: what waits of it as the queue has it, and what was done with it, in order of time.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Item, Table } from '#shared/storage/ports.ts'
import { groupRecord, isEndedItem } from '../group-item.ts'
import { apartKey, groupsRange, messageKey } from '../keys.ts'
import {
  apartOf,
  type Destination,
  type Group,
  type MessageState,
  type QueuedMessage,
  queuedMessage,
  together,
} from '../records.ts'
import { DEEDS_PREFIX, type Deed, deedOf } from './deeds.ts'
import { endedGroup, endedMessage, type HowEnded, headOf, type MessageHead } from './ended.ts'
import {
  noTrail,
  type Trail,
  type TrailEvent,
  type TrailRecipient,
  type TrailResult,
} from './trail.ts'

export type Story = {
  readonly head: MessageHead
  readonly now:
    | { readonly kind: 'queued'; readonly state: MessageState; readonly reason: string | null }
    | { readonly kind: 'ended'; readonly how: HowEnded; readonly endedMs: number }
  readonly steps: readonly StoryStep[]
  /** Attempts that are not told. */
  readonly omitted: number
  /** What still waits. */
  readonly groups: readonly Group[]
  /** Whether there is more of it than was read. */
  readonly isCut: boolean
}

export type StoryStep =
  | { readonly kind: 'attempt'; readonly to: Destination | undefined; readonly event: TrailEvent }
  | { readonly kind: 'deed'; readonly deed: Deed }

/** Groups and deeds of one message that are read; a message with more has told enough. */
export const STORY_ITEMS_MAX = 1_000

export type ReadStory = (queueId: QueueId) => Promise<Story | undefined>

/** Undefined where nothing is known. Reads two or three pages, whatever else is stored. */
export function createReadStory(table: Pick<Table, 'get' | 'query' | 'batchGet'>): ReadStory {
  return async function readStory(queueId) {
    const item = await table.get(messageKey(queueId), { consistent: true })
    const of = item && (await ofMessage(item))
    if (of === undefined) return undefined
    const [groups, deeds] = await Promise.all([
      some(queueId, groupsRange.prefix),
      some(queueId, DEEDS_PREFIX),
    ])
    return { ...of, ...toldBy(of, groups.items, deeds.items), isCut: groups.isCut || deeds.isCut }
  }

  async function ofMessage(item: Item) {
    if (!isEndedItem(item)) {
      const message = await wholeMessage(item)
      if (message === undefined) return undefined
      const { state, reason, trail = noTrail, split } = message
      return {
        head: headOf(message),
        now: { kind: 'queued', state, reason },
        trail,
        split,
      } as const
    }
    const ended = endedMessage(item)
    if (ended === undefined) return undefined
    const { how, endedMs, trail, ...head } = ended
    return { head, now: { kind: 'ended', how, endedMs }, trail, split: undefined } as const
  }

  async function wholeMessage(item: Item): Promise<QueuedMessage | undefined> {
    const keys = apartOf(item).map((sk) => apartKey(item.pk.slice(2) as QueueId, sk))
    const whole = together(item, keys.length === 0 ? [] : await table.batchGet(keys, consistent))
    return whole && queuedMessage(whole)
  }

  async function some(queueId: QueueId, prefix: string) {
    const items: Item[] = []
    let after: string | undefined
    do {
      const page = await table.query({
        pk: messageKey(queueId).pk,
        sk: { prefix },
        ...consistent,
        limit: STORY_ITEMS_MAX - items.length,
        ...(after !== undefined && { after }),
      })
      items.push(...page.items)
      after = page.next
    } while (after !== undefined && items.length < STORY_ITEMS_MAX)
    return { items, isCut: after !== undefined }
  }
}

const consistent = { consistent: true } as const

function toldBy(
  { trail, split }: { readonly trail: Trail; readonly split: string | null | undefined },
  groupItems: readonly Item[],
  deedItems: readonly Item[],
): Pick<Story, 'steps' | 'omitted' | 'groups'> {
  // A group of a split that came to nothing belongs to no message.
  const groups = groupItems
    .filter((item) => !isEndedItem(item))
    .map(groupRecord)
    .filter((group) => split !== undefined && group.split === split)
  const ended = groupItems.filter(isEndedItem).flatMap((item) => endedGroup(item) ?? [])
  const told = [
    { destination: undefined, trail },
    ...groups.map(({ destination, trail: own = noTrail }) => ({ destination, trail: own })),
    ...ended,
  ]
  const steps = told.flatMap(({ destination, trail: { events } }) =>
    events.map((event): StoryStep => ({ kind: 'attempt', to: destination, event })),
  )
  const deeds = deedItems.flatMap((item) => deedOf(item) ?? [])
  return {
    steps: inOrder([...steps, ...deeds.map((deed): StoryStep => ({ kind: 'deed', deed }))]),
    omitted: told.reduce((sum, { trail: { omitted } }) => sum + omitted, 0),
    groups,
  }
}

/** A group that was divided has given its trail to several: each event is told once. */
function inOrder(steps: readonly StoryStep[]): readonly StoryStep[] {
  const once = new Map<string, StoryStep>()
  for (const step of steps) {
    const key = JSON.stringify(step.kind === 'attempt' ? step.event : step.deed)
    if (!once.has(key)) once.set(key, step)
  }
  return [...once.values()].sort((a, b) => timeOf(a) - timeOf(b))
}

export const timeOf = (step: StoryStep): number =>
  step.kind === 'attempt' ? step.event.atMs : step.deed.atMs

/** What became of a recipient in the end, or last. */
export type Fate = TrailRecipient & {
  readonly kind: TrailResult['kind'] | 'waiting'
  readonly status: string
  readonly reply: string
  readonly atMs: number | null
  readonly relay: string | null
}

/** Of everyone who is named, in the order in which they come first. */
export function fatesOf({ steps, groups }: Pick<Story, 'steps' | 'groups'>): readonly Fate[] {
  const fates = new Map<string, Fate>()
  const keyOf = ({ address, original }: TrailRecipient) => `${original} ${address}`
  for (const step of steps) {
    if (step.kind !== 'attempt') continue
    const { atMs, relay, results } = step.event
    for (const { kind, status, reply, recipients } of results) {
      for (const one of recipients)
        fates.set(keyOf(one), { ...one, kind, status, reply, atMs, relay })
    }
  }
  for (const { recipients } of groups) {
    for (const { address, original, last } of recipients) {
      const fate = { address, original, relay: last?.remoteMta ?? null, atMs: last?.atMs ?? null }
      const { kind = 'waiting', status = '', reply = '' } = last ?? {}
      fates.set(keyOf(fate), { ...fate, kind, status, reply })
    }
  }
  return [...fates.values()]
}
