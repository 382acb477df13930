// Mail that policy, a filter or a check had set aside before anybody got it: why, what it says, and what becomes of it. Whoever decides for
// himself decides for his own addresses; the others of the same message wait on.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { queueIdMs } from '#shared/mail/queue-id.ts'
import { quarantinedFor } from '#shared/queue/quarantine.ts'
import type { QueueEntry } from '#shared/queue/records.ts'
import type { AccessAdministration } from '../access.ts'
import type { AdministrationDeps } from '../deps.ts'
import { parseQueueIdField } from '../fields.ts'
import { createMessageScope, messageSubject, ownAddresses } from '../message-scope.ts'
import { partiesOf } from '../queue.ts'
import type { BadValue, NotQuarantined, OthersWait } from '../refusals.ts'
import type { Extent, Subject } from '../rights/actor.ts'
import type { Warning } from '../warnings.ts'
import { type Preview, previewOf } from './preview.ts'
import { type QuarantineReason, reasonsOf } from './reasons.ts'

export interface QuarantineAdministration {
  /** The oldest first, with so much looked at. */
  page(request: {
    readonly within?: Extent | undefined
    readonly after?: string | undefined
    readonly limit?: number | undefined
  }): Promise<QuarantinePage | BadValue>
  /** With everything that spoke against it, and the beginning of its text. */
  show(queueId: string, within?: Extent): Promise<QuarantineShown | BadValue | NotQuarantined>
  /** To those of its recipients that are meant, or all that whoever asks decides for. */
  release(request: QuarantineRelease): Promise<QuarantineReleased | BadValue | NotQuarantined>
  /** Nobody gets it, and nobody is told. Refused where others wait for it too. */
  remove(
    queueId: string,
    within?: Extent,
  ): Promise<QuarantineRemoved | BadValue | NotQuarantined | OthersWait>
  /** Deletes what has waited for longer than `quarantineLifetime`; how many messages. */
  forget(): Promise<number>
  subjectOf(queueId: string): Promise<Subject | undefined>
}

export type QuarantineFacts = {
  readonly queueId: QueueId
  readonly arrivedMs: number
  /** When it is deleted; null: never by itself. */
  readonly endsMs: number | null
  readonly bytes: number
  readonly sender: string
  readonly remoteAddress: string
  readonly login: string | null
  /** Those who wait for it. */
  readonly recipients: readonly string[]
  /** Why, in one line. */
  readonly reason: string
  readonly from: string
  readonly subject: string
}

export type QuarantinePage = {
  readonly kind: 'page'
  readonly items: readonly QuarantineFacts[]
  readonly next: string | undefined
  readonly looked: number
}

export type QuarantineShown = {
  readonly kind: 'quarantined'
  readonly message: QuarantineFacts
  /** None where nothing is recorded any more. */
  readonly reasons: readonly QuarantineReason[]
  readonly preview: Preview
}

export type QuarantineRelease = {
  readonly queueId: string
  readonly recipients?: readonly string[] | undefined
  /** It is no spam: its sender is let in from now on. */
  readonly allowSender?: boolean | undefined
  readonly within?: Extent | undefined
}

export type QuarantineReleased = {
  readonly kind: 'released'
  readonly queueId: QueueId
  readonly recipients: readonly string[]
  readonly warnings: readonly Warning[]
}
export type QuarantineRemoved = { readonly kind: 'removed'; readonly queueId: QueueId }

/** Messages of a page, and what is looked at for one. */
export const QUARANTINE_PAGE_MAX = 100
const LOOKED_AT_MAX = 1_000

type Deps = Pick<
  AdministrationDeps,
  'operator' | 'directory' | 'decisions' | 'objects' | 'clock' | 'settings'
>

export function createQuarantineAdministration(
  deps: Deps,
  access: Pick<AccessAdministration, 'set'>,
): QuarantineAdministration {
  const { operator, directory, clock, settings } = deps

  /** Of its recipients who wait those that whoever asks sees and decides for. */
  async function waitingFor(
    entry: QueueEntry,
    within: Extent | undefined,
  ): Promise<readonly string[]> {
    const waiting = quarantinedFor(entry)
    if (waiting.length === 0 || within === undefined || within.kind === 'all') return waiting
    if (within.kind === 'self') return ownAddresses(directory, within.accountId, waiting)
    const isTold = await createMessageScope(directory, within).recipientsTold({
      ...partiesOf(entry),
      recipients: waiting,
    })
    return waiting.filter(isTold)
  }

  async function find(
    text: string,
    within: Extent | undefined,
  ): Promise<
    | { readonly kind: 'found'; readonly entry: QueueEntry; readonly waiting: readonly string[] }
    | BadValue
    | NotQuarantined
  > {
    const queueId = parseQueueIdField(text)
    if (queueId.kind !== 'ok') return queueId
    const entry = await operator.show(queueId.value)
    const waiting = entry === undefined ? [] : await waitingFor(entry, within)
    if (entry === undefined || waiting.length === 0) return notQuarantined(text)
    return { kind: 'found', entry, waiting }
  }

  function describe(entry: QueueEntry, recipients: readonly string[]): QuarantineFacts {
    const { message } = entry
    const { queueId, arrivedMs, object, envelope, origin, reason } = message
    const { from, subject } = previewOf.header(message)
    const { quarantineLifetime: lifeMs } = settings
    return {
      queueId,
      arrivedMs,
      endsMs: lifeMs === 0 ? null : arrivedMs + lifeMs,
      bytes: object.length,
      sender: envelope.sender,
      remoteAddress: origin.remoteAddress,
      login: origin.account?.login ?? null,
      recipients,
      reason: reason ?? '',
      from,
      subject,
    }
  }

  return {
    async page({ within, after, limit = QUARANTINE_PAGE_MAX }) {
      const from = after === undefined ? undefined : parseQueueIdField(after)
      if (from !== undefined && from.kind !== 'ok') return from
      const most = Math.min(Math.max(1, limit), QUARANTINE_PAGE_MAX)
      const items: QuarantineFacts[] = []
      let looked = 0
      let next: string | undefined
      for await (const entry of operator.held(from?.value)) {
        if (items.length === most || looked === LOOKED_AT_MAX) {
          return { kind: 'page', items, next, looked }
        }
        looked++
        next = entry.message.queueId
        const waiting = await waitingFor(entry, within)
        if (waiting.length > 0) items.push(describe(entry, waiting))
      }
      return { kind: 'page', items, next: undefined, looked }
    },

    async show(text, within) {
      const found = await find(text, within)
      if (found.kind !== 'found') return found
      const { entry, waiting } = found
      const { message } = entry
      return {
        kind: 'quarantined',
        message: describe(entry, waiting),
        reasons: reasonsOf(await deps.decisions.of(message.queueId)),
        preview: await previewOf.message(deps.objects, message),
      }
    },

    async release({ queueId: text, recipients, allowSender = false, within }) {
      const found = await find(text, within)
      if (found.kind !== 'found') return found
      const { entry, waiting } = found
      const { queueId, envelope } = entry.message
      const wanted = recipients && new Set(recipients.map((one) => one.toLowerCase()))
      const some = waiting.filter((one) => wanted === undefined || wanted.has(one.toLowerCase()))
      if (some.length === 0 || !(await operator.releaseFor(queueId, some))) {
        return notQuarantined(text)
      }
      const warnings = allowSender ? await allow(envelope.sender) : []
      return { kind: 'released', queueId, recipients: some, warnings }
    },

    async remove(text, within) {
      const found = await find(text, within)
      if (found.kind !== 'found') return found
      const { entry, waiting } = found
      const { queueId } = entry.message
      const others = quarantinedFor(entry).length - waiting.length
      if (others > 0) return { kind: 'others-wait', field: 'queueId', value: queueId }
      // Whoever it was released to already has it on its way.
      return (await operator.removeQuarantined(queueId))
        ? { kind: 'removed', queueId }
        : notQuarantined(text)
    },

    async forget() {
      const { quarantineLifetime: lifeMs } = settings
      if (lifeMs === 0) return 0
      const untilMs = clock.now() - lifeMs
      let forgotten = 0
      for await (const entry of operator.held()) {
        const { queueId } = entry.message
        if (queueIdMs(queueId) > untilMs) break
        if (quarantinedFor(entry).length === 0) continue
        if (await operator.removeQuarantined(queueId)) forgotten++
      }
      return forgotten
    },

    async subjectOf(text) {
      const queueId = parseQueueIdField(text)
      if (queueId.kind !== 'ok') return undefined
      const entry = await operator.show(queueId.value)
      if (entry === undefined || quarantinedFor(entry).length === 0) return undefined
      return await messageSubject(directory, partiesOf(entry))
    },
  }

  /** It is released whatever comes of this. */
  async function allow(sender: string): Promise<readonly Warning[]> {
    const { quarantineAllowTable: table } = settings
    const told = sender === '' ? '<>' : sender
    if (table === '') return [{ kind: 'no-allow-table', sender: told }]
    const notAllowed: Warning = { kind: 'sender-not-allowed', sender: told, table }
    if (sender === '') return [notAllowed]
    const set = await access.set({ table, key: sender, result: 'OK' })
    return set.kind === 'set' ? set.warnings : [notAllowed]
  }
}

const notQuarantined = (value: string): NotQuarantined => ({
  kind: 'not-quarantined',
  field: 'queueId',
  value,
})
