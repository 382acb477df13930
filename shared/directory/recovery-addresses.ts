// Where an account is sent a link for a new password, should its own be forgotten: an address elsewhere, which its owner set and has
// confirmed.
//
//   ACC#<id> / RECOVERY   address, since when

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Key, type Table } from '#shared/storage/ports.ts'
import { optimistic } from './optimistic.ts'
import { accountKey } from './records.ts'

export interface RecoveryAddresses {
  of(id: AccountId): Promise<RecoveryAddress | undefined>
  /** What was there before; `gone`: there is no such account. */
  set(id: AccountId, address: Address): Promise<RecoveryAddressSet>
  /** What was there. */
  remove(id: AccountId): Promise<RecoveryAddress | undefined>
}

export type RecoveryAddress = { readonly address: Address; readonly sinceMs: number }
export type RecoveryAddressSet =
  | { readonly kind: 'ok'; readonly before: RecoveryAddress | undefined }
  | { readonly kind: 'gone' }

const keyOf = (id: AccountId): Key => ({ ...accountKey(id), sk: 'RECOVERY' })

export function createRecoveryAddresses(deps: {
  readonly table: Pick<Table, 'get' | 'write' | 'transact'>
  readonly clock: Pick<Clock, 'now'>
}): RecoveryAddresses {
  const { table, clock } = deps

  async function of(id: AccountId): Promise<RecoveryAddress | undefined> {
    const item = await table.get(keyOf(id), { consistent: true })
    const address = item && parseAddress(String(item.address))
    return address && { address, sinceMs: Number(item.sinceMs) }
  }

  return {
    of,

    set: (id, address) =>
      optimistic<RecoveryAddressSet>(async () => {
        const before = await of(id)
        const item = { ...keyOf(id), address: formatAddress(address), sinceMs: clock.now() }
        try {
          await table.transact([{ check: accountKey(id), if: { exists: 'pk' } }, { put: item }])
        } catch (error) {
          if (error instanceof ConditionFailed && error.at(0)) return { kind: 'gone' }
          throw error
        }
        return { kind: 'ok', before }
      }),

    async remove(id) {
      const before = await of(id)
      if (before !== undefined) await table.write({ delete: keyOf(id) })
      return before
    },
  }
}
