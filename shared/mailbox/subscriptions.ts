// Subscriptions of an account: names, not folders. They outlive the folder and are there for names that never had one
// (RFC 9051 §6.3.7).

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Key, Signals, Table } from '#shared/storage/ports.ts'
import { DELIMITER, namesOf } from './folder-path.ts'
import { accountPk, accountTopic, subscriptionKey, subscriptionsPrefix } from './keys.ts'
import type { Subscribe, Subscriptions } from './port.ts'
import { retrying } from './retry.ts'
import { noGrowth, staysWithin, usageWrites } from './usage.ts'
import { itemsOf, notCounted, readCompleteUsage } from './usage-counting.ts'

export const SUBSCRIPTIONS_PER_ACCOUNT_MAX = 5_000
const REMOVED_TOGETHER_MAX = 50

/** With what the mailbox does besides. */
export interface KeptSubscriptions extends Subscriptions {
  /** Of an account that goes. */
  removeAll(accountId: AccountId): Promise<void>
}

export function createSubscriptions(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
}): KeptSubscriptions {
  const { table, signals, clock } = deps

  async function list(accountId: AccountId): Promise<readonly string[]> {
    const paths: string[] = []
    for await (const page of itemsOf(table, accountPk(accountId), subscriptionsPrefix)) {
      for (const { sk } of page) paths.push(sk.slice(subscriptionsPrefix.length))
    }
    return paths
  }

  async function subscribe(accountId: AccountId, path: string): Promise<Subscribe> {
    const name = namesOf(path)?.join(DELIMITER)
    if (name === undefined) return { kind: 'bad-name' }
    const key = subscriptionKey(accountId, name)
    const subscribed = await retrying(clock, async (): Promise<'new' | 'known' | 'too-many'> => {
      if ((await table.get(key, { consistent: true })) !== undefined) return 'known'
      const { subscriptions } = await readCompleteUsage(deps, accountId)
      if (subscriptions >= SUBSCRIPTIONS_PER_ACCOUNT_MAX) return 'too-many'
      await table.transact([
        { put: { ...key, counted: true }, if: { absent: 'pk' } },
        ...usageWrites(accountId, noGrowth, {
          add: { subscriptions: 1 },
          if: [staysWithin('subscriptions', SUBSCRIPTIONS_PER_ACCOUNT_MAX, 1)],
        }),
      ])
      return 'new'
    })
    if (subscribed === 'too-many') return { kind: 'too-many' }
    if (subscribed === 'new') signals.publish(accountTopic(accountId), 'subscriptions')
    return { kind: 'subscribed' }
  }

  async function unsubscribe(accountId: AccountId, path: string): Promise<void> {
    const name = namesOf(path)?.join(DELIMITER)
    if (name === undefined) return
    await remove(accountId, [subscriptionKey(accountId, name)])
    signals.publish(accountTopic(accountId), 'subscriptions')
  }

  async function removeAll(accountId: AccountId): Promise<void> {
    const paths = await list(accountId)
    for (let i = 0; i < paths.length; i += REMOVED_TOGETHER_MAX) {
      const some = paths.slice(i, i + REMOVED_TOGETHER_MAX)
      await remove(
        accountId,
        some.map((path) => subscriptionKey(accountId, path)),
      )
    }
  }

  function remove(accountId: AccountId, keys: readonly Key[]): Promise<void> {
    return retrying(clock, async () => {
      const items = await table.batchGet(keys, { consistent: true })
      const there = items.filter((item) => item !== undefined)
      const counted = there.filter((item) => item.counted === true).length
      await table.transact([
        ...there.map((item) => ({
          delete: { pk: item.pk, sk: item.sk },
          if: item.counted === true ? ({ exists: 'counted' } as const) : notCounted,
        })),
        ...usageWrites(accountId, noGrowth, { add: { subscriptions: -counted } }),
      ])
    })
  }

  return { list, subscribe, unsubscribe, removeAll }
}
