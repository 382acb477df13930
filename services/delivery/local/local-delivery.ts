// Local delivery, what a local delivery agent does: asks the recipient's scripts, finds the folder, watches the quota, appends exactly once.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
import type { LocalDelivery, LocalResult } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Conflict } from '#shared/storage/ports.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import type { Deposit } from './deposit.ts'
import type { FilteredAccount, Filtering } from './filtering/filtering.ts'
import { answer, type Letter, leftToDelivery } from './letter.ts'
import type { Places } from './places.ts'

export function createLocalDelivery(deps: {
  readonly places: Places
  readonly deposit: Deposit
  /** Undefined when the account is gone. */
  readonly account: (accountId: AccountId) => Promise<LocalAccount | undefined>
  readonly isFiltered: (account: LocalAccount, recipient: FinalRecipient) => boolean
  /** Undefined where the bytes of messages may not be read. */
  readonly filter: Filtering | undefined
}): LocalDelivery {
  return async function deliverLocal(message, blob, recipient, reserved) {
    try {
      const { accountId } = recipient
      // Its aliases led nowhere, and an older version let it be tried again: an operator releases it once they are mended.
      if (accountId === null) return failed('5.1.1', `<${recipient.address}>: leads to no account`)
      const cameBack = wasHere(message, recipient)
      // RFC 5321 §6.3: a message that already was here goes in circles.
      if (cameBack && !message.bornOf) {
        return failed('5.4.6', `mail forwarding loop for ${recipient.address}`)
      }
      const account = await deps.account(accountId)
      if (account === undefined) {
        return failed('5.1.1', `${recipient.address}: no such account`)
      }
      const { quota } = account
      const letter: Letter = { message, blob, recipient, reserved, quota, account: accountId }
      // A script sent it on, and an alias led it back: here it ends, since its sender has nothing to do with that.
      if (cameBack || !deps.isFiltered(account, recipient)) return await deliverPlainly(letter)
      // Its script was made active after the recipient was found.
      if (deps.filter === undefined) return leftToDelivery
      return (await deps.filter(letter, account)) ?? (await deliverPlainly(letter))
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      const reply = `storage failed: ${error.message}`
      const contended = error instanceof Contended || error instanceof Conflict
      const failure = answer({ kind: 'deferred', status: '4.3.0', reply })
      return { ...failure, contended, uncertain: !contended }
    }
  }

  async function deliverPlainly(letter: Letter): Promise<LocalResult> {
    const folder = await deps.places.default(letter)
    return await deps.deposit.message(folder, letter, { takesReserved: true })
  }
}

export type LocalAccount = FilteredAccount & { readonly quota: Quota }

const failed = (status: '5.1.1' | '5.4.6', reply: string) =>
  answer({ kind: 'failed', status, reply })

function wasHere({ deliveredTo }: QueuedMessage, { address }: FinalRecipient): boolean {
  const key = lookupKey(address)
  return deliveredTo.some((before) => lookupKey(before) === key)
}
