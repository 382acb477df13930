// Local delivery, what a local delivery agent does: finds the folder, watches the quota, appends exactly once.

import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId, Folder } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/mailbox.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
import type { LocalDelivery, LocalResult } from '#shared/queue/pipeline.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Conflict } from '#shared/storage/ports.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'

export function createLocalDelivery(deps: {
  readonly mailbox: Mailbox
  /** Undefined when the account is gone. */
  readonly quota: (accountId: AccountId) => Promise<Quota | undefined>
  readonly options: {
    /** `user+folder@` and `user+above/folder@` go into that folder when it exists. */
    readonly deliverToDetailFolder: boolean
  }
  readonly clock: Clock
}): LocalDelivery {
  const { mailbox } = deps

  return async function deliverLocal(message, blob, recipient, reserved) {
    try {
      return await attempt(message, blob, recipient, reserved)
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      const reply = `storage failed: ${error.message}`
      const contended = error instanceof Contended || error instanceof Conflict
      return {
        ...without({ kind: 'deferred', status: '4.3.0', reply }),
        contended,
        uncertain: !contended,
      }
    }
  }

  async function attempt(
    ...[message, blob, recipient, reserved]: Parameters<LocalDelivery>
  ): Promise<LocalResult> {
    const { accountId } = recipient
    // Its aliases led nowhere, and an older version let it be tried again: an operator releases it once they are mended.
    if (accountId === null) {
      const reply = `<${recipient.address}>: leads to no account`
      return without({ kind: 'failed', status: '5.1.1', reply })
    }
    // RFC 5321 §6.3: a message that already was here goes in circles.
    const key = lookupKey(recipient.address)
    if (message.deliveredTo.some((address) => lookupKey(address) === key)) {
      return without({
        kind: 'failed',
        status: '5.4.6',
        reply: `mail forwarding loop for ${recipient.address}`,
      })
    }
    const quota = await deps.quota(accountId)
    if (quota === undefined) {
      const reply = `${recipient.address}: no such account`
      return without({ kind: 'failed', status: '5.1.1', reply })
    }
    const folder = await folderFor(accountId, recipient)
    const appended = await mailbox.append(
      folder,
      {
        blob,
        flags: noFlags,
        internalDateMs: deps.clock.now(),
        prepend: deliveryFields(recipient),
        once: true,
        recipient: recipient.address,
        reserved,
      },
      // What others send is limited by the quota alone.
      { ...quota, appendBytesPerDay: 0 },
    )
    switch (appended.kind) {
      case 'appended': {
        const reply = `uid ${appended.uid} in ${folder.name}`
        return { ...without({ kind: 'delivered', reply }), usedReserved: reserved }
      }
      case 'duplicate': {
        // Another recipient's delivery into the same folder used that one's reference, and ours is free.
        const usedReserved = reserved && appended.recipient === recipient.address
        const reply = `already in ${folder.name}`
        return { ...without({ kind: 'delivered', reply }), usedReserved }
      }
      case 'no-such-folder': {
        const reply = `folder ${folder.name} has just gone`
        return without({ kind: 'deferred', status: '4.2.1', reply })
      }
      case 'over-quota': {
        const { bytes, messages } = appended.used
        const reply = `mailbox full: ${bytes} of ${quota.bytes} bytes, ${messages} messages`
        return without({ kind: 'deferred', status: '4.2.2', reply })
      }
      case 'over-append-limit':
        throw new Error('delivery has no limit a day')
    }
  }

  async function folderFor(accountId: AccountId, { extension }: FinalRecipient): Promise<Folder> {
    const detail =
      extension === null || !deps.options.deliverToDetailFolder
        ? undefined
        : await mailbox.folders.findSpelled(accountId, extension, spellings)
    return detail?.selectable ? detail : mailbox.inbox(accountId)
  }
}

/** A result that took no reserved reference. */
const without = (result: DeliveryResult): LocalResult => ({
  result,
  usedReserved: false,
  contended: false,
  uncertain: false,
})

/** Names are looked up as they are spelled; addresses are mostly written in lower case. */
function spellings(name: string): readonly string[] {
  const lower = name.toLowerCase()
  const [first = '', ...rest] = lower
  return [name, first.toUpperCase() + rest.join(''), lower, name.toUpperCase()]
}

/** As Postfix writes them, X-Original-To only where it tells more: whom an alias or a catch-all was written to. */
function deliveryFields({ address, original }: FinalRecipient): string {
  const isItself = lookupKey(original) === lookupKey(address)
  const fields = `${isItself ? '' : `X-Original-To: ${original}\r\n`}Delivered-To: ${address}\r\n`
  return Buffer.from(fields, 'utf8').toString('latin1')
}
