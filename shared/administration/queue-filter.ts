// Which messages of the queue are wanted, and which groups of them.

import type { Group, QueueEntry } from '#shared/queue/records.ts'
import { duration } from '#shared/settings/kinds.ts'
import { parseOwnDomain } from './fields.ts'
import { groupStateOf, stateOf } from './queue-facts.ts'
import { NOT_TRIED_YET, normalReason } from './queue-reason.ts'
import { queueStates } from './queue-states.ts'
import { type BadValue, badValue, ok, type Parsed } from './refusals.ts'

export type FilterRequest = {
  readonly state?: string | undefined
  /** This address, or `@domain`; `<>` for the null sender. */
  readonly sender?: string | undefined
  readonly recipient?: string | undefined
  /** From or to it. */
  readonly domain?: string | undefined
  /** Arrived so long ago: 30m, 4h, 2d. */
  readonly olderThan?: string | undefined
  readonly newerThan?: string | undefined
  /** Of what goes there, or went there last: a slot, or a recipient's domain. `local` for accounts here. */
  readonly destination?: string | undefined
  /** Has this in the last reply, or the reason why it waits; capitals do not matter. */
  readonly reason?: string | undefined
  /** Was told this, as a group of like reasons is called (`queue-reason.ts`). */
  readonly reasonGroup?: string | undefined
}

/** The entry with the groups that are wanted; undefined when it is not. */
export type QueueFilter = (entry: QueueEntry) => QueueEntry | undefined

export function parseQueueFilter(
  request: FilterRequest,
  nowMs: number,
): { readonly kind: 'ok'; readonly value: QueueFilter } | BadValue {
  const state = parseState(request.state)
  if (state.kind !== 'ok') return state
  const domain = request.domain === undefined ? undefined : parseOwnDomain(request.domain)
  if (domain?.kind === 'bad-value') return domain
  const age = parseAge('olderThan', request.olderThan)
  if (age.kind !== 'ok') return age
  const youth = parseAge('newerThan', request.newerThan)
  if (youth.kind !== 'ok') return youth
  return ok(
    createFilter({
      state: state.value,
      isSender: addressMatcher(request.sender),
      isRecipient: addressMatcher(request.recipient),
      isOfDomain: addressMatcher(domain && `@${domain.value}`),
      arrivedBeforeMs: nowMs - age.value,
      arrivedAfterMs: request.newerThan === undefined ? 0 : nowMs - youth.value,
      destination: request.destination?.toLowerCase(),
      reason: request.reason?.toLowerCase(),
      reasonGroup: request.reasonGroup,
    }),
  )
}

type Matcher = (address: string) => boolean

function createFilter(wanted: {
  readonly state: string | undefined
  readonly isSender: Matcher
  readonly isRecipient: Matcher
  readonly isOfDomain: Matcher
  readonly arrivedBeforeMs: number
  readonly arrivedAfterMs: number
  readonly destination: string | undefined
  readonly reason: string | undefined
  readonly reasonGroup: string | undefined
}): QueueFilter {
  const { state, isSender, isRecipient, isOfDomain, arrivedBeforeMs, destination, reason } = wanted
  const isInGroup = (told: string | null) =>
    wanted.reasonGroup === undefined ||
    (told === null ? NOT_TRIED_YET : normalReason(told)) === wanted.reasonGroup

  function isWanted(group: Group): boolean {
    const addresses = group.recipients.flatMap(({ address, original }) => [address, original])
    return (
      (state === undefined || groupStateOf(group) === state) &&
      addresses.some(isRecipient) &&
      (destination === undefined || goesTo(group, destination)) &&
      (reason === undefined ||
        group.recipients.some(({ last }) => last?.reply.toLowerCase().includes(reason))) &&
      group.recipients.some(({ last }) => isInGroup(last?.reply ?? null))
    )
  }

  return (entry) => {
    const { message, groups } = entry
    const { sender, recipients } = message.envelope
    if (message.arrivedMs > arrivedBeforeMs || message.arrivedMs < wanted.arrivedAfterMs)
      return undefined
    if (!isSender(sender)) return undefined
    const all = [
      ...recipients.map(({ address }) => address),
      ...groups.flatMap((group) => group.recipients.map(({ address }) => address)),
    ]
    if (![sender, ...all].some(isOfDomain)) return undefined
    if (groups.length > 0) {
      const wantedGroups = groups.filter(isWanted)
      return wantedGroups.length === 0 ? undefined : { message, groups: wantedGroups }
    }
    const isState = state === undefined || stateOf(entry) === state
    const isThere = destination === undefined || all.some((one) => isOf(one, destination))
    const isReason = reason === undefined || message.reason?.toLowerCase().includes(reason)
    const isAll = isState && isThere && isReason && isInGroup(message.reason)
    return isAll && all.some(isRecipient) ? entry : undefined
  }
}

function goesTo(group: Group, wanted: string): boolean {
  const { destination, recipients } = group
  const slot = destination.kind === 'local' ? 'local' : destination.slot.toLowerCase()
  return slot === wanted || recipients.some(({ address }) => isOf(address, wanted))
}

const isOf = (address: string, domain: string) => address.toLowerCase().endsWith(`@${domain}`)

function addressMatcher(pattern: string | undefined): Matcher {
  if (pattern === undefined) return () => true
  const wanted = pattern === '<>' ? '' : pattern.toLowerCase()
  return wanted.startsWith('@')
    ? (address) => address.toLowerCase().endsWith(wanted)
    : (address) => address.toLowerCase() === wanted
}

function parseState(text: string | undefined): Parsed<string | undefined> {
  return text === undefined || queueStates.some((known) => known === text)
    ? ok(text)
    : badValue('state', text, { name: 'one-of', allowed: queueStates })
}

const DAY_MS = 24 * 3_600_000
const ageKind = duration({ min: 0, max: 1_000 * DAY_MS })

function parseAge(field: 'olderThan' | 'newerThan', text: string | undefined): Parsed<number> {
  const ms = text === undefined ? 0 : ageKind.parse(text)
  return ms === undefined
    ? badValue(field, text ?? '', { name: 'age', allowed: ageKind.allowed })
    : ok(ms)
}
