// Subscriptions of an account: names, not folders. They outlive the folder and are there for names that never had one
// (RFC 9051 §6.3.7).

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'
import { DELIMITER, namesOf } from './folder-path.ts'
import { accountPk, accountTopic, subscriptionKey } from './keys.ts'

export const SUBSCRIPTIONS_PER_ACCOUNT_MAX = 5_000

export type Subscribe =
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-many' }

export function createSubscriptions({
  table,
  signals,
}: {
  readonly table: Table
  readonly signals: Signals
}) {
  /** Paths in byte order. */
  async function list(accountId: AccountId): Promise<readonly string[]> {
    const paths: string[] = []
    let after: string | undefined
    do {
      const page = await table.query({
        pk: accountPk(accountId),
        sk: { prefix: 'S#' },
        consistent: true,
        ...(after === undefined ? {} : { after }),
      })
      for (const { sk } of page.items) paths.push(sk.slice(2))
      after = page.next
    } while (after !== undefined)
    return paths
  }

  async function subscribe(accountId: AccountId, path: string): Promise<Subscribe> {
    const name = namesOf(path)?.join(DELIMITER)
    if (name === undefined) return { kind: 'bad-name' }
    const paths = await list(accountId)
    if (paths.includes(name)) return { kind: 'subscribed' }
    if (paths.length >= SUBSCRIPTIONS_PER_ACCOUNT_MAX) return { kind: 'too-many' }
    await table.write({ put: subscriptionKey(accountId, name) })
    signals.publish(accountTopic(accountId), 'subscriptions')
    return { kind: 'subscribed' }
  }

  /** What is not subscribed stays so. */
  async function unsubscribe(accountId: AccountId, path: string): Promise<void> {
    const name = namesOf(path)?.join(DELIMITER)
    if (name === undefined) return
    await table.write({ delete: subscriptionKey(accountId, name) })
    signals.publish(accountTopic(accountId), 'subscriptions')
  }

  return { list, subscribe, unsubscribe }
}
