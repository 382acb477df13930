// The queue: every message has its object and its parts, every group its message, and whatever has to move by itself a time at which
// somebody looks.

import type { QueueId } from '#shared/mail/queue-id.ts'
import { isEndedItem } from '#shared/queue/group-item.ts'
import { dueAt, heldAt } from '#shared/queue/keys.ts'
import { apartOf, count, optional } from '#shared/queue/records.ts'
import type { Item } from '#shared/storage/ports.ts'
import type { CheckFinding } from './finding.ts'
import { type CheckDeps, itemsOf, nameOf } from './reading.ts'

const MESSAGES = 'Q#'

export async function* checkQueue(deps: CheckDeps): AsyncGenerator<CheckFinding> {
  let items: Item[] = []
  for await (const item of itemsOf(deps, 'queue', MESSAGES)) {
    if (items[0] !== undefined && items[0].pk !== item.pk) {
      yield* checkMessage(deps, items)
      items = []
    }
    items.push(item)
  }
  if (items.length > 0) yield* checkMessage(deps, items)
}

async function* checkMessage(
  deps: CheckDeps,
  items: readonly Item[],
): AsyncGenerator<CheckFinding> {
  const message = items.find(({ sk }) => sk === 'META')
  const groups = items.filter((one) => one.sk.startsWith('G#') && !isEndedItem(one))
  if (message === undefined || isEndedItem(message)) {
    for (const group of groups) {
      const found = 'its message is not in the queue'
      yield { kind: 'group-without-message', of: nameOf(group), found }
    }
    return
  }
  const of = nameOf(message)
  const bytes = await deps.reading.objectBytes(String(message.key))
  // One that is set aside because its bytes could not be stored says so itself.
  if (bytes === undefined && message.state !== 'hold') {
    const found = `there is no object ${String(message.key)}`
    yield { kind: 'queued-without-object', of, found }
  } else if (bytes !== undefined && bytes < Number(message.length)) {
    const found = `${Number(message.length)} bytes were stored, ${bytes} are there`
    yield { kind: 'queued-without-object', of, found }
  }
  for (const sk of apartOf(message)) {
    if (items.some((one) => one.sk === sk)) continue
    yield { kind: 'queued-part-missing', of, found: `its part ${sk} is not there` }
  }
  yield* checkPlace(deps, message)
  if (message.state !== 'active') return
  // What a split left that did not come to its end counts nothing.
  const split = optional(message.split)
  const own = groups.filter((one) => optional(one.split) === split || one.split === undefined)
  for (const group of own) yield* checkPlace(deps, group)
  if (own.length === count(message.groups)) return
  const found = `says ${count(message.groups)} groups, ${own.length} are there`
  const set = { groups: own.length }
  const mend = () =>
    deps.tables.queue.write({
      update: { pk: message.pk, sk: message.sk },
      changes: { set },
      if: { attribute: 'groups', is: '=', value: count(message.groups) },
    })
  yield { kind: 'group-count', of, found, ...(own.length > 0 && { mend }) }
}

/** Where it is found: by its time, or by an operator. */
async function* checkPlace(deps: CheckDeps, item: Item): AsyncGenerator<CheckFinding> {
  const isDue = typeof item.duePk === 'string' && typeof item.dueSk === 'string'
  const isListed = typeof item.listPk === 'string' && typeof item.listSk === 'string'
  const { state } = item
  const isSplit = item.sk === 'META' && state === 'active'
  // Its groups are what moves.
  if (isSplit) return
  const queueId = item.pk.slice(MESSAGES.length) as QueueId
  const group = item.sk === 'META' ? '' : item.sk.slice(2)
  const update = { pk: item.pk, sk: item.sk }
  const asRead = { attribute: 'state', is: '=', value: String(state) } as const
  if (state === 'hold' || state === 'corrupt') {
    if (isListed) return
    const changes = { set: heldAt(queueId, group), remove: ['duePk', 'dueSk'] }
    const mend = () => deps.tables.queue.write({ update, changes, if: asRead })
    yield { kind: 'queued-not-due', of: nameOf(item), found: 'is held, and not listed', mend }
  } else if (!isDue) {
    const changes = { set: dueAt(queueId, group, deps.nowMs) }
    const mend = () => deps.tables.queue.write({ update, changes, if: asRead })
    yield { kind: 'queued-not-due', of: nameOf(item), found: 'nothing will ring for it', mend }
  }
}
