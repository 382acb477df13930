// The cut-over of a domain: what is to be done next, whether it is done, and the way back. Nothing goes on before it was seen to be so, and not
// before those who remember the old records have forgotten them.

import { concurrently } from '#shared/runtime/concurrently.ts'
import type { DnsAdministration } from '../../dns/domain-records.ts'
import { parseOwnDomain } from '../../fields.ts'
import type { BadValue, NoSuchDomain } from '../../refusals.ts'
import { notBefore } from './not-before.ts'
import type {
  BackOutcome,
  BeginCutOver,
  ChangeView,
  CutOverView,
  NextOptions,
  NextOutcome,
  NoCutOver,
} from './outcomes.ts'
import {
  type ChangeState,
  changeState,
  type Published,
  type PublishedSources,
  readPublished,
} from './published.ts'
import {
  isSameValues,
  type RecordChange,
  type RecordSet,
  type RecordType,
  type Route53Batch,
  route53Batch,
  setOf,
  valuesOf,
} from './record-set.ts'
import type { CutOverState, CutOverStates, Stored } from './state.ts'
import { type StepId, stepIds, stepsOf } from './steps.ts'

export type CutOverDeps = {
  readonly dns: DnsAdministration
  readonly states: CutOverStates
  readonly clock: { now(): number }
  readonly sendsBySes: boolean
  readonly sources: (zoneId: string | null) => PublishedSources
  /** Undefined: no zone can be changed here. Resolves when its name servers have it. */
  readonly apply: ((zoneId: string, batch: Route53Batch) => Promise<void>) | undefined
}

/** Where nobody knows how long records are kept: what providers give at most, as a rule. */
export const TTL_ASSUMED_SECONDS = 86_400
const ASKED_AT_ONCE = 4

export type CutOver = ReturnType<typeof createCutOver>

export function createCutOver(deps: CutOverDeps) {
  const { dns, states, clock, sources: sourcesOf } = deps

  async function read(sets: readonly Named[], zoneId: string | null) {
    const sources = sourcesOf(zoneId)
    const unique = new Map(sets.map((set) => [keyOf(set), set]))
    const found = await concurrently([...unique], ASKED_AT_ONCE, async ([key, { name, type }]) => {
      return [key, await readPublished(name, type, sources)] as const
    })
    const all = new Map(found)
    return (set: Named): Published =>
      all.get(keyOf(set)) ?? { set: setOf(set, [], null), told: [], unknown: 'it was not asked' }
  }

  async function look(state: CutOverState) {
    const { domain, zoneId, old } = state
    const records = await dns.records({ domain, check: false })
    if (records.kind !== 'records') return records
    const wanted = records.records
    const published = await read([...wanted, ...ownNames(domain), ...old], zoneId)
    const steps = stepsOf({
      ...{ domain, wanted, old, sendsBySes: deps.sendsBySes },
      published: (name, type) => published({ name, type }).set,
    })
    return { kind: 'looked', steps, published } as const
  }

  async function viewOf(state: CutOverState): Promise<CutOverView | BadValue | NoSuchDomain> {
    const looked = await look(state)
    if (looked.kind !== 'looked') return looked
    const { domain, zoneId, oldTtlSeconds, isTtlMeasured } = state
    const steps = looked.steps.map((step, i) => {
      const done = state.done[i]
      const isNow = i === state.done.length
      return {
        ...{ id: step.id, about: step.about, confirm: step.confirm },
        state: done ? ('done' as const) : isNow ? ('now' as const) : ('later' as const),
        doneMs: done?.atMs ?? null,
        notBeforeMs: isNow ? notBefore(step, state, clock.now()) : null,
        changes: step.changes.map((change) => changeView(change, looked.published(change.to))),
      }
    })
    return { kind: 'cut-over', domain, zoneId, oldTtlSeconds, isTtlMeasured, steps }
  }

  async function withState<T>(
    text: string,
    act: (stored: Stored) => Promise<T>,
  ): Promise<T | NoCutOver | BadValue> {
    const parsed = parseOwnDomain(text)
    if (parsed.kind !== 'ok') return parsed
    const domain = parsed.value
    const stored = await states.get(domain)
    return stored === undefined ? { kind: 'no-cut-over', domain } : await act(stored)
  }

  async function advance(stored: Stored, step: StepId) {
    const { state } = stored
    const done = [...state.done, { id: step, atMs: clock.now(), kept: state.keeping }]
    const next = await entered({ ...state, done })
    if ('kind' in next) return next
    if (!(await states.put(next, stored))) return { kind: 'changed-meanwhile' } as const
    const view = await viewOf(next)
    if (view.kind !== 'cut-over') return view
    return { kind: 'done', step, view } as const
  }

  /** With what is there before the step that comes now: somebody may change it at once. */
  async function entered(state: CutOverState): Promise<CutOverState | BadValue | NoSuchDomain> {
    const looked = await look(state)
    if (looked.kind !== 'looked') return looked
    const changes = looked.steps[state.done.length]?.changes ?? []
    return { ...state, keeping: changes.map(({ to }) => looked.published(to).set) }
  }

  /** What a step is about to change is kept first, in the store. */
  async function change(
    stored: Stored,
    zoneId: string,
    changes: readonly ChangeView[],
    comment: string,
  ): Promise<boolean> {
    const { state } = stored
    const before = new Map(state.keeping.map((set) => [keyOf(set), set]))
    for (const one of changes) before.set(keyOf(one.before), one.before)
    if (!(await states.put({ ...state, keeping: [...before.values()] }, stored))) return false
    const batch = route53Batch(changes, comment)
    if (batch.Changes.length > 0) await deps.apply?.(zoneId, batch)
    return true
  }

  async function next(
    stored: Stored,
    { confirmed = false, apply = false }: NextOptions,
  ): Promise<NextOutcome | BadValue | NoSuchDomain> {
    const { state } = stored
    const { domain, zoneId } = state
    const looked = await look(state)
    if (looked.kind !== 'looked') return looked
    const step = looked.steps[state.done.length]
    if (step === undefined) return { kind: 'finished', domain }
    const until = notBefore(step, state, clock.now())
    if (until !== null) return { kind: 'too-early', step: step.id, untilMs: until }
    const views = step.changes.map((one) => changeView(one, looked.published(one.to)))
    const lacking = views.filter((one) => one.state === 'not-yet' && (apply || !one.isOptional))
    if (lacking.length > 0 && apply) {
      if (zoneId === null || deps.apply === undefined) return { kind: 'cannot-apply' }
      if (!(await change(stored, zoneId, lacking, `${step.id} of ${domain}`))) {
        return { kind: 'changed-meanwhile' }
      }
      const again = await states.get(domain)
      // Looked at anew: what it says now counts.
      return again === undefined ? { kind: 'changed-meanwhile' } : await next(again, { confirmed })
    }
    if (lacking.length > 0) return { kind: 'not-yet', step: step.id, lacking }
    const unknown = views.filter((one) => isUnknown(one.state) && !one.isOptional)
    if (unknown.length > 0 && !confirmed) return { kind: 'unsure', step: step.id, unknown }
    const { confirm } = step
    if (confirm !== undefined && !confirmed) {
      return { kind: 'to-confirm', step: step.id, text: confirm }
    }
    return await advance(stored, step.id)
  }

  return {
    async begin({ domain: text, zoneId, ttlSeconds, old }: BeginCutOver) {
      const records = await dns.records({ domain: text, check: false })
      if (records.kind !== 'records') return records
      const { domain } = records
      const stored = await states.get(domain)
      if (stored === undefined) {
        const names = ownNames(domain)
        const published = await read(names, zoneId)
        const measured = names
          .filter(({ type }) => type !== 'TXT')
          .map((name) => published(name).set)
          .filter(({ data }) => data.length > 0)
          .map((set) => set.ttlSeconds)
        const known = measured.flatMap((ttl) => ttl ?? [])
        const isTtlMeasured = known.length === measured.length
        const least = isTtlMeasured ? 0 : TTL_ASSUMED_SECONDS
        const begun = await entered({
          ...{ domain, zoneId, old, isTtlMeasured, begunMs: clock.now(), done: [], keeping: [] },
          oldTtlSeconds: Math.max(ttlSeconds ?? least, ...known),
        })
        if ('kind' in begun) return begun
        if (!(await states.put(begun, undefined))) return { kind: 'changed-meanwhile' } as const
        return await viewOf(begun)
      }
      return await viewOf(stored.state)
    },

    /** Null: its zone is changed by hand, or nothing is begun. */
    async zoneIdOf(text: string): Promise<string | null> {
      const found = await withState(text, async ({ state }) => ({ kind: 'zone' as const, state }))
      return found.kind === 'zone' ? found.state.zoneId : null
    },

    status: (domain: string) => withState(domain, ({ state }) => viewOf(state)),

    next: (domain: string, options: NextOptions = {}) =>
      withState(domain, (stored) => next(stored, options)),

    /** Puts back what the last step changed. What a person did is undone by a person. */
    back: (domain: string, { apply = false, confirmed = false }: NextOptions = {}) =>
      withState(domain, async (stored): Promise<BackOutcome | BadValue | NoSuchDomain> => {
        const { state } = stored
        const { zoneId } = state
        const lostOf = async (kept: readonly RecordSet[]) => {
          const published = await read(kept, zoneId)
          const views = kept.map((set) => changeView(restoring(set), published(set)))
          return views.filter((one) => one.state === 'not-yet')
        }
        // One that is not done may have changed something already.
        const isOpen = (await lostOf(state.keeping)).length > 0 && !confirmed
        const last = state.done.at(-1)
        if (!isOpen && last === undefined) return { kind: 'at-beginning' }
        const kept = isOpen ? state.keeping : (last?.kept ?? [])
        const step = (isOpen ? stepIds[state.done.length] : last?.id) ?? 'prepare'
        let lost = await lostOf(kept)
        if (lost.length > 0 && apply) {
          if (zoneId === null || deps.apply === undefined) return { kind: 'cannot-apply' }
          await deps.apply(zoneId, route53Batch(lost, `back before ${step} of ${state.domain}`))
          lost = await lostOf(kept)
        }
        if (lost.length > 0 && !confirmed) return { kind: 'to-restore', step, changes: lost }
        const done = isOpen ? state.done : state.done.slice(0, -1)
        const before: CutOverState = { ...state, done, keeping: kept }
        if (!(await states.put(before, stored))) return { kind: 'changed-meanwhile' }
        const view = await viewOf(before)
        return view.kind === 'cut-over' ? { kind: 'undone', step, view } : view
      }),

    remove: (domain: string) => states.remove(domain),
  }
}

type Named = { readonly name: string; readonly type: RecordType }

const keyOf = ({ name, type }: Named) => `${type} ${name.toLowerCase()}`

/** Besides those that are wanted. */
const ownNames = (domain: string): readonly Named[] => [
  { name: domain, type: 'MX' },
  { name: domain, type: 'TXT' },
  { name: `autodiscover.${domain}`, type: 'CNAME' },
]

const changeView = (change: RecordChange, published: Published): ChangeView => ({
  before: published.set,
  to: change.to,
  state: changeState(change, published),
  isOptional: change.isOptional ?? false,
})

const isUnknown = (state: ChangeState) => typeof state === 'object'

const restoring = (set: RecordSet): RecordChange => ({
  to: set,
  is: (found) => isSameValues(set.type, found, valuesOf(set)),
  ...(set.ttlSeconds !== null && { ttl: { atLeast: set.ttlSeconds } }),
})
