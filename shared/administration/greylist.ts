// What is thought of those who bring mail: who is greylisted and has to come again, which clients came again often enough, and the points
// that refused mail had. Triplets are items that only whoever knows all of one finds: what was put off lately is found in the record of
// decisions, by client, sender or recipient.
//
// Rejected: an index of triplets, which would write twice for each stranger that tries once.

import { isIP } from 'node:net'
import { type DecisionRecord, outcomeOf } from '#shared/contracts/decisions.ts'
import type { GreylistedClient, Triplet, TripletFacts } from '#shared/contracts/greylist.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { AdministrationDeps } from './deps.ts'
import { createMessageScope } from './message-scope.ts'
import { type BadValue, badValue } from './refusals.ts'
import type { Extent } from './rights/actor.ts'
import { partiesOfDecision } from './trace/parties.ts'

export interface GreylistAdministration {
  /** Mail that was put off lately because of it, newest first, with how it stands now. */
  list(request: RecordedRequest): Promise<GreylistFound | BadValue>
  /** Mail that was refused or put off lately and had points, newest first. */
  scores(request: RecordedRequest): Promise<ScoresFound | BadValue>
  show(triplet: Triplet): Promise<TripletShown | BadValue>
  /** It is let in, as if it had come again in time. */
  allow(triplet: Triplet): Promise<TripletShown | BadValue>
  forget(triplet: Triplet): Promise<TripletShown | BadValue>
  client(address: string): Promise<ClientShown | BadValue>
  /** Nothing of it is greylisted any more. */
  allowClient(address: string): Promise<ClientShown | BadValue>
  forgetClient(address: string): Promise<ClientShown | BadValue>
}

export type RecordedRequest = {
  /** An IP address, or an address of a sender or recipient. */
  readonly about: string
  /** How far back: 4h, 7d; absent: a day. */
  readonly since?: string | undefined
  readonly within?: Extent | undefined
}

type Recorded = Triplet & { readonly queueId: string; readonly atMs: number }

export type PutOff = Recorded & { readonly places: readonly TripletFacts[] }

export type GreylistFound = {
  readonly kind: 'greylist'
  readonly entries: readonly PutOff[]
  /** Older ones may be left out. */
  readonly isCut: boolean
}

export type Scored = Recorded & {
  readonly outcome: string
  readonly score: number
  /** What counted how much. */
  readonly why: readonly string[]
}

export type ScoresFound = {
  readonly kind: 'scores'
  readonly entries: readonly Scored[]
  readonly isCut: boolean
}

export type TripletShown = {
  readonly kind: 'triplet'
  readonly triplet: Triplet
  readonly places: readonly TripletFacts[]
}

export type ClientShown = GreylistedClient & { readonly kind: 'client'; readonly client: string }

const DAY_MS = 86_400_000
const sinceKind = duration({ min: 1_000, max: 90 * DAY_MS })
const ENTRIES_MAX = 100
/** As an address may be, with its domain. */
const TEXT_CHARACTERS_MAX = 512

export const POSTGREY = 'check_policy_service postgrey'

export function createGreylistAdministration(
  deps: Pick<
    AdministrationDeps,
    'greylist' | 'decisions' | 'directory' | 'clock' | 'settings' | 'record'
  >,
): GreylistAdministration {
  const { greylist, decisions, directory, clock, settings, record } = deps

  async function recorded(
    { about, since, within }: RecordedRequest,
    isMeant: (one: DecisionRecord) => boolean,
  ): Promise<readonly DecisionRecord[] | BadValue> {
    const spanMs = since === undefined ? DAY_MS : sinceKind.parse(since)
    if (spanMs === undefined) {
      return badValue('since', since ?? '', { name: 'age', allowed: sinceKind.allowed })
    }
    const isNamed = isIP(about) !== 0 || about === '<>' || parseAddress(about) !== undefined
    if (!isNamed) return badValue('about', about, { name: 'mail-address', lacksDomain: false })
    const scope = createMessageScope(directory, within)
    const nowMs = clock.now()
    return await decisions.refusalsOf(about === '<>' ? '' : about, {
      sinceMs: Math.max(nowMs - spanMs, nowMs - settings.policyRecordLifetime),
      nowMs,
      limit: ENTRIES_MAX,
      isWanted: async (one) => isMeant(one) && (await scope.sees(partiesOfDecision(one))),
    })
  }

  async function tripletOf(
    triplet: Triplet,
    act: (triplet: Triplet) => Promise<readonly TripletFacts[] | null>,
  ): Promise<TripletShown | BadValue> {
    const sender = triplet.sender === '<>' ? '' : triplet.sender
    const texts = [
      ['sender', sender],
      ['recipient', triplet.recipient],
    ] as const
    for (const [field, value] of texts) {
      const isNone = field === 'sender' && value === ''
      const isFit = value.length <= TEXT_CHARACTERS_MAX && value.isWellFormed()
      if (!isNone && (!isFit || parseAddress(value) === undefined)) {
        return badValue(field, value, { name: 'mail-address', lacksDomain: !value.includes('@') })
      }
    }
    const whole = { ...triplet, sender }
    const places = await act(whole)
    if (places === null) return badValue('client', triplet.client, { name: 'ip-address' })
    return { kind: 'triplet', triplet: whole, places }
  }

  async function changed(
    triplet: Triplet,
    act: (triplet: Triplet) => Promise<readonly TripletFacts[] | null>,
  ) {
    const before = await tripletOf(triplet, greylist.triplet)
    const after = before.kind === 'triplet' ? await tripletOf(triplet, act) : before
    if (before.kind !== 'triplet' || after.kind !== 'triplet') return after
    const { client, sender, recipient } = after.triplet
    record({
      what: 'greylist',
      name: `${client} <${sender}> <${recipient}>`,
      before: statesOf(before.places),
      after: statesOf(after.places),
    })
    return after
  }

  async function clientOf(
    text: string,
    act: (address: string) => Promise<GreylistedClient | null>,
  ): Promise<ClientShown | BadValue> {
    const facts = await act(text)
    return facts === null
      ? badValue('client', text, { name: 'ip-address' })
      : { kind: 'client', client: text, ...facts }
  }

  async function changedClient(
    text: string,
    act: (address: string) => Promise<GreylistedClient | null>,
  ) {
    const before = await clientOf(text, greylist.client)
    const after = before.kind === 'client' ? await clientOf(text, act) : before
    if (before.kind !== 'client' || after.kind !== 'client') return after
    record({
      what: 'greylist',
      name: text,
      before: { passes: before.passes },
      after: { passes: after.passes },
    })
    return after
  }

  return {
    async list(request) {
      const found = await recorded(request, isPutOff)
      if ('kind' in found) return found
      const entries = await Promise.all(
        newestOf(found.map(recordedOf)).map(async (one) => ({
          ...one,
          places: (await greylist.triplet(one)) ?? [],
        })),
      )
      return { kind: 'greylist', entries, isCut: found.length === ENTRIES_MAX }
    },

    async scores(request) {
      const found = await recorded(request, (one) => scoresOf(one).length > 0)
      if ('kind' in found) return found
      const entries = found.map((one) => {
        const scores = scoresOf(one)
        return {
          ...recordedOf(one),
          outcome: outcomeOf(one.verdict),
          score: scores.reduce((sum, { points }) => sum + points, 0),
          why: scores.flatMap(({ why }) => (why === undefined || why === '' ? [] : [why])),
        }
      })
      return { kind: 'scores', entries, isCut: found.length === ENTRIES_MAX }
    },

    show: (triplet) => tripletOf(triplet, greylist.triplet),
    allow: (triplet) => changed(triplet, greylist.allow),
    forget: (triplet) => changed(triplet, greylist.forget),
    client: (text) => clientOf(text, greylist.client),
    allowClient: (text) => changedClient(text, greylist.allowClient),
    forgetClient: (text) => changedClient(text, greylist.forgetClient),
  }
}

const stepsOf = ({ trail }: DecisionRecord) => trail.flatMap(({ steps }) => steps)

const isPutOff = (one: DecisionRecord) =>
  one.ask === 'recipient' &&
  stepsOf(one).some(({ restriction, decision }) => restriction === POSTGREY && 'reply' in decision)

const scoresOf = (one: DecisionRecord) =>
  stepsOf(one).flatMap(({ decision }) => (decision.kind === 'score' ? [decision] : []))

function recordedOf(one: DecisionRecord): Recorded {
  const { origin, sender, recipients } = {
    ...partiesOfDecision(one),
    origin: one.request.origin,
  }
  const client = origin.remoteAddress
  const { queueId } = one.request
  return { queueId, atMs: one.atMs, client, sender, recipient: recipients[0] ?? '' }
}

/** Of each triplet that of its last try, in the order of the record. */
function newestOf(all: readonly Recorded[]): readonly Recorded[] {
  const seen = new Set<string>()
  return all.filter((one) => {
    const key = keyOf(one)
    return !seen.has(key) && seen.add(key)
  })
}

const keyOf = ({ client, sender, recipient }: Triplet) => `${client} ${sender} ${recipient}`

const statesOf = (places: readonly TripletFacts[]) => ({
  state: places.map(({ place, state }) => `${place} ${state}`),
})
