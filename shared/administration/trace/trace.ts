// A message's story, for whoever asks: what the queue tells of it, and what policy decided about it or refused.

import { isIP } from 'node:net'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import { parseQueueId, type QueueId } from '#shared/mail/queue-id.ts'
import { plainAddress } from '#shared/net/plain-address.ts'
import type { Story } from '#shared/queue/trace/story.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { AdministrationDeps } from '../deps.ts'
import {
  createMessageScope,
  type MessageParties,
  type MessageScope,
  messageSubject,
} from '../message-scope.ts'
import { type BadValue, badValue, ok, type Parsed } from '../refusals.ts'
import type { Extent, Subject } from '../rights/actor.ts'
import { narrowedDecision, narrowedStory, partiesOfDecision, partiesOfStory } from './parties.ts'

export type { HowEnded, MessageHead } from '#shared/queue/trace/ended.ts'
export {
  type Fate,
  fatesOf,
  type Story,
  type StoryStep,
  timeOf,
} from '#shared/queue/trace/story.ts'
export type { TrailEvent, TrailRecipient, TrailResult } from '#shared/queue/trace/trail.ts'

/** Of messages that are listed. */
export const LISTED_MAX = 50

export interface TraceAdministration {
  /** By queue id, Message-ID, address of a sender or recipient, or IP address of a client; also mail that was refused. */
  find(request: TraceRequest): Promise<Traced | BadValue>
  /** What rights on the message with this queue id are asked about; undefined: nothing is known of it. */
  subjectOf(queueId: string): Promise<Subject | undefined>
}

export const traceRoles = ['sender', 'recipient'] as const
export type TraceRole = (typeof traceRoles)[number]

export type TraceRequest = {
  readonly what: string
  /** Only where the address is that; of a Message-ID or a client it says nothing. */
  readonly as?: string | undefined
  /** How far back: 30m, 4h, 7d. */
  readonly since?: string | undefined
  /** What is told at most: absent, everything. */
  readonly within?: Extent | undefined
}

/** One of which at least one of both is known. */
export type TracedOne = {
  readonly kind: 'one'
  readonly queueId: QueueId
  readonly story: Story | undefined
  readonly decisions: readonly DecisionRecord[]
}

export type Traced =
  | TracedOne
  | {
      readonly kind: 'several'
      /** Newest first. */
      readonly stories: readonly Story[]
      readonly refusals: readonly DecisionRecord[]
      /** Older ones may be left out. */
      readonly isCut: boolean
    }
  /** `sinceMs`: how far back was looked. */
  | { readonly kind: 'none'; readonly sinceMs: number }

const DAY_MS = 86_400_000
const sinceKind = duration({ min: 0, max: 400 * DAY_MS })
const SINCE_MS = 2 * DAY_MS

export function createTraceAdministration(
  deps: Pick<AdministrationDeps, 'stories' | 'decisions' | 'directory' | 'clock' | 'settings'>,
): TraceAdministration {
  const { stories: told, decisions: recorded, settings, clock } = deps

  async function ofOne(
    queueId: QueueId,
    scope: MessageScope,
    known?: Story,
  ): Promise<TracedOne | undefined> {
    const [story, decisions] = await Promise.all([
      known ?? told.read(queueId),
      recorded.of(queueId),
    ])
    const seen = await decisionsSeen(decisions, scope)
    const shown = story && (await storySeen(story, scope))
    if (shown === undefined && seen.length === 0) return undefined
    return { kind: 'one', queueId, story: shown, decisions: seen }
  }

  return {
    async find({ what, as, since, within }) {
      const spanMs = parseSince(since)
      if (spanMs.kind !== 'ok') return spanMs
      const role = parseRole(as)
      if (role.kind !== 'ok') return role
      const scope = createMessageScope(deps.directory, within)
      const nowMs = clock.now()
      const sinceMs = nowMs - spanMs.value
      const one = async (queueId: QueueId, known?: Story) =>
        (await ofOne(queueId, scope, known)) ?? ({ kind: 'none', sinceMs } as const)
      const queueId = parseQueueId(what.toUpperCase())
      if (queueId !== undefined) return one(queueId)
      const sought = soughtBy(what)
      const isWanted = async (parties: MessageParties) => {
        if (!isAs(role.value, what, parties) || !(await scope.sees(parties))) return false
        // Else who asks for an address would learn that it got the same message.
        const isRecipient = parties.recipients.some((one) => isSame(one, what))
        if (!isRecipient || isSame(parties.sender, what)) return true
        const isTold = await scope.recipientsTold(parties)
        return parties.recipients.some((one) => isSame(one, what) && isTold(one))
      }
      // What is older is told no more, and each day is some questions.
      const keptSince = (keptMs: number) => Math.max(sinceMs, nowMs - keptMs)
      const range = { nowMs, limit: LISTED_MAX }
      const [{ stories, isCut }, refusals] = await Promise.all([
        told.search(sought, {
          ...range,
          sinceMs: keptSince(settings.traceRetention),
          isWanted: (story) => isWanted(partiesOfStory(story)),
        }),
        recorded.refusalsOf(sought.kind === 'client' ? sought.remoteAddress : what, {
          ...range,
          sinceMs: keptSince(settings.policyRecordLifetime),
          isWanted: (record) => isWanted(partiesOfDecision(record)),
        }),
      ])
      const [only, ...more] = stories
      if (only !== undefined && more.length === 0 && refusals.length === 0) {
        return one(only.head.queueId, only)
      }
      if (stories.length + refusals.length === 0) return { kind: 'none', sinceMs }
      return {
        kind: 'several',
        stories: (await Promise.all(stories.map((story) => storySeen(story, scope)))).flatMap(
          (story) => story ?? [],
        ),
        refusals: await decisionsSeen(refusals, scope),
        isCut: isCut || refusals.length === LISTED_MAX,
      }
    },

    async subjectOf(text) {
      const queueId = parseQueueId(text.toUpperCase())
      const parties = queueId && (await partiesOf(deps, queueId))
      return parties && (await messageSubject(deps.directory, parties))
    },
  }
}

async function partiesOf(
  { stories, decisions }: Pick<AdministrationDeps, 'stories' | 'decisions'>,
  queueId: QueueId,
): Promise<MessageParties | undefined> {
  const story = await stories.read(queueId)
  if (story !== undefined) return partiesOfStory(story)
  // Refused: it is of all whom it was for.
  const [first, ...more] = (await decisions.of(queueId)).map(partiesOfDecision)
  return first && { ...first, recipients: [first, ...more].flatMap((one) => one.recipients) }
}

async function storySeen(story: Story, scope: MessageScope): Promise<Story | undefined> {
  const parties = partiesOfStory(story)
  if (!(await scope.sees(parties))) return undefined
  return narrowedStory(story, await scope.recipientsTold(parties))
}

/** Of one queue id some may be about recipients of others. */
async function decisionsSeen(
  decisions: readonly DecisionRecord[],
  scope: MessageScope,
): Promise<readonly DecisionRecord[]> {
  const seen: DecisionRecord[] = []
  for (const one of decisions) {
    const parties = partiesOfDecision(one)
    if (!(await scope.sees(parties))) continue
    seen.push(narrowedDecision(one, await scope.recipientsTold(parties)))
  }
  return seen
}

function soughtBy(text: string) {
  const isLiteral = text.startsWith('[') && text.endsWith(']')
  const address = isLiteral ? text.slice(1, -1).replace(/^IPv6:/i, '') : text
  return isIP(address) === 0
    ? ({ kind: 'words', words: text } as const)
    : ({ kind: 'client', remoteAddress: plainAddress(address.toLowerCase()) } as const)
}

/** Of a Message-ID or a client nobody is that. */
function isAs(role: TraceRole | undefined, text: string, { sender, recipients }: MessageParties) {
  if (role === undefined || !text.includes('@') || text.startsWith('<')) return true
  const isIt = (address: string) => isSame(address, text)
  return role === 'sender' ? isIt(sender) : !isIt(sender) || recipients.some(isIt)
}

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

function parseSince(text: string | undefined): Parsed<number> {
  const ms = text === undefined ? SINCE_MS : sinceKind.parse(text)
  return ms === undefined
    ? badValue('since', text ?? '', { name: 'age', allowed: sinceKind.allowed })
    : ok(ms)
}

function parseRole(text: string | undefined): Parsed<TraceRole | undefined> {
  if (text === undefined) return ok(undefined)
  const role = traceRoles.find((known) => known === text)
  return role === undefined
    ? badValue('as', text, { name: 'one-of', allowed: traceRoles })
    : ok(role)
}
