// Messages and their groups as they are stored now: those that are in the queue.

import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Item, Table } from '#shared/storage/ports.ts'
import { groupRecord, isEndedItem } from './group-item.ts'
import { apartKey, groupsRange, messageKey } from './keys.ts'
import { apartOf, type Group, type QueuedMessage, queuedMessage, together } from './records.ts'

export type QueueReading = {
  load(queueIds: readonly QueueId[]): Promise<readonly (QueuedMessage | undefined)[]>
  loadGroups(queueId: QueueId): Promise<readonly Group[]>
}

export function createReading(table: Table): QueueReading {
  async function load(
    queueIds: readonly QueueId[],
  ): Promise<readonly (QueuedMessage | undefined)[]> {
    const items = await table.batchGet(queueIds.map(messageKey), { consistent: true })
    return Promise.all(
      items.map(async (item) => {
        const whole = item && !isEndedItem(item) ? await withApart(item) : undefined
        return whole && queuedMessage(whole)
      }),
    )
  }

  async function withApart(item: Item): Promise<Item | undefined> {
    const queueId = item.pk.slice(2) as QueueId
    const keys = apartOf(item).map((sk) => apartKey(queueId, sk))
    if (keys.length === 0) return item
    return together(item, await table.batchGet(keys, { consistent: true }))
  }

  async function loadGroups(queueId: QueueId): Promise<readonly Group[]> {
    const groups: Group[] = []
    let after: string | undefined
    do {
      const page = await table.query({
        pk: messageKey(queueId).pk,
        sk: groupsRange,
        consistent: true,
        ...(after === undefined ? {} : { after }),
      })
      groups.push(...page.items.filter((item) => !isEndedItem(item)).map(groupRecord))
      after = page.next
    } while (after !== undefined)
    return groups
  }

  return { load, loadGroups }
}
