// Tries waiting recipients of a message again, and follows aliases anew for it: a loop or a missing target may have been mended,
// an address may lead elsewhere now.
//
// Implementation notes, on top of those of reservations.ts:
// - Nobody whom the message was handed on to gets it again: what the aliases led to is kept with the message (`reached`) and grows in
//   the transaction that makes the new groups. Who waits in the released groups stays where the aliases still lead to him.
// - No reference was reserved for whoever is new: his group says so, and his delivery adds its own.
// - Who is dropped may have used his reserved reference in an attempt of which nothing is known; then it counts as used.
// - All of a step is one transaction on the state seen. What does not fit into one is done in several, each whole: the released
//   groups are changed by the last.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  type Condition,
  ConditionFailed,
  Conflict,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { isExpired } from './expiry.ts'
import { finalRecipientBytes } from './group-item.ts'
import { groupKey, messageKey } from './keys.ts'
import { groupOf, type NewGroup, ofBoundedSize, type Routes, remoteGroups } from './new-groups.ts'
import type { Expand, ExpandedRecipients } from './pipeline.ts'
import { finalKey, REACHED_MAX, Reached } from './reached.ts'
import type { Group, QueuedRecipient, QueueEntry } from './records.ts'
import { lastResult, type RecipientResult } from './results.ts'
import { expandOf, routesThrough } from './through-filter.ts'
import type { Tracing } from './trace/tracing.ts'
import { groupPut, is, isAsSeen, isMessage } from './writes.ts'

/** Groups released in one transaction, each of which may become two. */
const GROUPS_AT_ONCE_MAX = 10
/** Groups that one transaction makes of whom aliases lead to now, and what their recipients may take. */
const NEW_GROUPS_AT_ONCE_MAX = 40
const NEW_BYTES_AT_ONCE_MAX = 2_000_000
/** Groups of those who lead nowhere. */
const FAILED_GROUPS_MAX = 30
/** Reasons that have a group of their own. */
const REASONS_MAX = 10
/** Transactions; what an address leads to is bounded by `virtualAliasExpansionLimit`. */
const STEPS_MAX = 1_000
/** What an operator adds to REACHED_MAX. */
export const REACHED_MORE_MAX = 1_000
const ATTEMPTS_MAX = 5

export function createRelease(deps: {
  readonly table: Table
  readonly show: (queueId: QueueId) => Promise<QueueEntry | undefined>
  /** Takes a message off the queue of which nothing is left. */
  readonly end: (entry: QueueEntry) => Promise<boolean>
  readonly tracing: Tracing
  readonly expand: Expand
  readonly routes: Routes
  readonly clock: Clock
}) {
  const { table, clock } = deps

  /**
   * All recipients of a message that is split into groups, or some; the groups to ring. Groups being delivered this moment are left
   * alone. Undefined when there was nothing to release.
   */
  async function release(
    queueId: QueueId,
    isMeant: (recipient: FinalRecipient) => boolean,
  ): Promise<readonly Group[] | undefined> {
    const done = new Set<string>()
    const rings: Group[] = []
    let changed = false
    for (let step = 0, refused = 0; step < STEPS_MAX; step++) {
      const entry = await deps.show(queueId)
      if (entry?.message.state !== 'split') break
      const due = entry.groups
        .filter(({ name, leaseUntilMs }) => leaseUntilMs <= clock.now() && !done.has(name))
        .filter(({ recipients }) => recipients.some(isMeant))
        .slice(0, GROUPS_AT_ONCE_MAX)
      if (due.length === 0) break
      try {
        const plan = await planFor(entry, due, isMeant)
        await carryOut(entry, plan)
        changed = true
        rings.push(...plan.made)
        for (const { name } of plan.isWhole ? [...due, ...plan.made] : plan.made) done.add(name)
      } catch (error) {
        if (!(error instanceof ConditionFailed || error instanceof Conflict)) throw error
        if (++refused === ATTEMPTS_MAX) break
      }
    }
    return changed ? rings : undefined
  }

  async function planFor(
    { message, groups }: QueueEntry,
    due: readonly Group[],
    isMeant: (recipient: FinalRecipient) => boolean,
  ): Promise<Plan> {
    const { queueId } = message
    const waiting = groups.flatMap(expandedOf)
    const chosen = due.flatMap(({ recipients }) =>
      recipients.filter((one) => isMeant(one) && !isDelivered(one)),
    )
    const reached = message.reached && new Reached(message.reached)
    const expand = expandOf(message, deps.expand)
    const { local, remote, failed } = await expandAgain(expand, chosen, reached !== null)

    const has = new Set(waiting.map(finalKey))
    const isNew = (one: FinalRecipient) => !has.has(finalKey(one)) && !reached?.has(one)
    const wanted = [
      ...newHere(local.filter(isNew)),
      ...(
        await remoteGroups(
          remote.filter(isNew),
          message.envelope.sender,
          routesThrough(message, deps.routes),
        )
      ).flatMap(ofBoundedSize),
    ]
    const fitting = fittingOf(wanted)
    const isWhole = fitting.length === wanted.length
    const added = fitting.flatMap(({ recipients }) => recipients)
    await reached?.add(added)
    if (reached ? reached.size > REACHED_MAX + REACHED_MORE_MAX : !isWhole) {
      throw new TemporaryFailure(`the aliases of ${queueId} lead to too many addresses`)
    }

    const nowhere = isWhole ? leadNowhere(failed, { groups, chosen, nowMs: clock.now() }) : []
    const run = `r${message.expansions}`
    const facts = { queueId, split: message.split, nowMs: clock.now() }
    const made = [...fitting, ...nowhere].map((group, n) =>
      groupOf(group, { ...facts, n: `${run}.${n}` }),
    )
    const nowMs = clock.now()
    const puts = made.map((group) => ({ ...groupPut(group, nowMs), if: { absent: 'pk' } }) as const)
    const again = new Set([...local, ...remote].map(finalKey))
    const changed = isWhole ? due.map((group) => partsOf(group, isMeant, again, run)) : []
    const parts = changed.flatMap(({ next }) => next)
    return {
      isWhole,
      writes: [...puts, ...changed.flatMap(({ writes }) => writes)],
      made: [...made, ...changed.flatMap(({ goes }) => goes)],
      groups: message.groups + made.length + parts.length - changed.length,
      reached: reached?.bytes() ?? null,
      maybeUsed: changed.reduce((sum, { maybeUsed }) => sum + maybeUsed, 0),
    }
  }

  /** A released group: who goes again now, who stays as he was, and who has nothing to come any more. */
  function partsOf(
    group: Group,
    isMeant: (recipient: FinalRecipient) => boolean,
    again: ReadonlySet<string>,
    run: string,
  ) {
    const rest = group.recipients.filter((one) => !isMeant(one))
    const expanded = new Set(expandedOf(group))
    const kept = group.recipients.filter(
      (one) =>
        isMeant(one) && (isDelivered(one) || (expanded.has(one) && again.has(finalKey(one)))),
    )
    // Due at another moment, so that nobody writes it who saw it with all of them.
    const dueMs = group.dueMs === null ? null : group.dueMs + 1
    const stays = rest.length > 0 ? [{ ...group, recipients: rest, dueMs }] : []
    const name = rest.length > 0 ? `${group.name}!${run}` : group.name
    const state = { state: 'deferred', dueMs: clock.now() } as const
    const goes =
      kept.length > 0 ? [{ ...group, name, recipients: kept.map(tryAgain), ...state }] : []
    const next: readonly Group[] = [...stays, ...goes]
    const dropped = group.recipients.length - rest.length - kept.length
    const known = group.unsettled === 0 || group.unreserved || group.destination.kind === 'remote'
    return {
      goes,
      next,
      writes: replacing(group, next, clock.now()),
      maybeUsed: known ? 0 : dropped,
    }
  }

  /**
   * Where it is known whom the message reached, the recipients of its envelope are followed again; else only the addresses that
   * wait, as Postfix does, so that nobody gets it twice.
   */
  async function expandAgain(
    expand: Expand,
    chosen: readonly FinalRecipient[],
    fromEnvelope: boolean,
  ): Promise<ExpandedRecipients> {
    const from = new Map<string, FinalRecipient>()
    for (const one of chosen) {
      const name = fromEnvelope ? one.original : one.address
      if (!from.has(name)) from.set(name, one)
    }
    const expansion = await expand(
      [...from].map(([address, { notify, originalRecipient }]): EnvelopeRecipient => {
        return { address, notify, originalRecipient }
      }),
    )
    const named = <Recipient extends FinalRecipient>(one: Recipient): Recipient => ({
      ...one,
      original: from.get(one.original)?.original ?? one.original,
    })
    return {
      local: expansion.local.map(named),
      remote: expansion.remote.map(named),
      failed: expansion.failed.map((one) => ({ ...one, recipient: named(one.recipient) })),
    }
  }

  async function carryOut(entry: QueueEntry, plan: Plan): Promise<void> {
    const { queueId, groups, expansions } = entry.message
    if (plan.groups === 0) {
      // All that its aliases lead to have it.
      if (!(await deps.end(entry))) throw new ConditionFailed([])
      return
    }
    const { reached, maybeUsed } = plan
    await table.transact([
      {
        update: messageKey(queueId),
        changes: {
          set: { groups: plan.groups, ...(reached !== null && { reached }) },
          add: { expansions: 1, ...(maybeUsed > 0 && { used: maybeUsed }) },
        },
        if: { all: [isMessage('split'), is('groups', groups), isExpandedTimes(expansions)] },
      },
      ...plan.writes,
      ...deps.tracing.deed(queueId, {
        kind: 'released',
        reason: null,
        recipients: plan.made.flatMap((group) => group.recipients.map(({ address }) => address)),
      }),
    ])
  }

  return release
}

type Plan = {
  /** False: there is more to make than fits into one transaction. */
  readonly isWhole: boolean
  readonly writes: readonly Write[]
  /** Groups that are new, or released, as they are afterwards. */
  readonly made: readonly Group[]
  /** How many the message has then. */
  readonly groups: number
  readonly reached: Uint8Array | null
  readonly maybeUsed: number
}

/** He has it, and waits for nothing but that his sender is told: he is not to get it again. */
const isDelivered = ({ last }: QueuedRecipient) => last?.kind === 'delivered'

/** Whoever had failed for good is tried again too, but for whom an operator had expired. */
function tryAgain(recipient: QueuedRecipient): QueuedRecipient {
  const { last } = recipient
  return last === undefined || isDelivered(recipient) || isExpired(recipient)
    ? recipient
    : { ...recipient, last: { ...last, kind: 'deferred' } }
}

/** Those of a group whom aliases led to; the others led nowhere. */
function expandedOf({ destination, recipients }: Group): readonly QueuedRecipient[] {
  if (destination.kind === 'remote') return recipients
  return recipients.filter(({ accountId }) => accountId !== null)
}

function newHere(recipients: readonly FinalRecipient[]): readonly NewGroup[] {
  const destination = { kind: 'local' } as const
  return ofBoundedSize({ destination, recipients, state: { kind: 'waiting' }, unreserved: true })
}

function fittingOf(wanted: readonly NewGroup[]): readonly NewGroup[] {
  let bytes = 0
  const fitting: NewGroup[] = []
  for (const group of wanted.slice(0, NEW_GROUPS_AT_ONCE_MAX)) {
    bytes += group.recipients.reduce((sum, one) => sum + finalRecipientBytes(one), 0)
    if (bytes > NEW_BYTES_AT_ONCE_MAX && fitting.length > 0) break
    fitting.push(group)
  }
  return fitting
}

/** Their sender is told the reasons, apart from those who wait so already and are not released. */
function leadNowhere(
  failed: readonly RecipientResult[],
  facts: {
    readonly groups: readonly Group[]
    readonly chosen: readonly FinalRecipient[]
    readonly nowMs: number
  },
): readonly NewGroup[] {
  const { groups, chosen, nowMs } = facts
  const key = ({ address, original }: FinalRecipient) => `${original} ${address}`
  const released = new Set(chosen)
  const known = new Set(
    groups
      .flatMap(({ recipients }) => recipients)
      .filter((one) => !released.has(one) && !isDelivered(one))
      .map(key),
  )
  const byReason = new Map<string, QueuedRecipient[]>()
  for (const { recipient, result } of failed) {
    // Cannot happen: an alias that leads nowhere delivers nothing.
    if (result.kind === 'delivered' || known.has(key(recipient))) continue
    const isOne = byReason.has(result.reply) || byReason.size < REASONS_MAX
    const reply = isOne ? result.reply : 'several addresses lead nowhere'
    const last = lastResult({ ...result, reply }, { remoteMta: null, atMs: nowMs, attempts: 1 })
    const group = byReason.get(reply)
    if (group) group.push({ ...recipient, last })
    else byReason.set(reply, [{ ...recipient, last }])
  }
  const ended = [...byReason.values()].flatMap((recipients) =>
    ofBoundedSize({ destination: { kind: 'local' }, recipients, state: { kind: 'waiting' } }),
  )
  if (ended.length > FAILED_GROUPS_MAX) {
    throw new TemporaryFailure('too many of its addresses lead nowhere; mend the aliases first')
  }
  return ended
}

/** Refused when anybody worked on the group since it was read. */
function replacing(group: Group, next: readonly Group[], nowMs: number): Write[] {
  const key = groupKey(group.queueId, group.name)
  const unchanged = isAsSeen(group)
  const writes: Write[] = next.map((one) => ({
    ...groupPut(one, nowMs),
    if: one.name === group.name ? unchanged : { absent: 'pk' },
  }))
  const stays = next.some(({ name }) => name === group.name)
  return stays ? writes : [...writes, { delete: key, if: unchanged }]
}

/** The attribute is there from the first time on. */
function isExpandedTimes(times: number): Condition {
  return times === 0 ? { absent: 'expansions' } : is('expansions', times)
}
