// Local delivery, what a local delivery agent does: finds the folder, watches the quota, appends exactly once.

import type { FinalRecipient, LocalAction, Undelivered } from '#shared/contracts/delivery.ts'
import type { AccountId, Folder } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { LocalDelivery, LocalResult } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
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
      const accountId = accountFor(message, recipient)
      if (typeof accountId !== 'string') return answer(accountId)
      const quota = await deps.quota(accountId)
      if (quota === undefined) {
        const reply = `${recipient.address}: no such account`
        return answer({ kind: 'failed', status: '5.1.1', reply })
      }
      const folder = message.junk
        ? await junkFolder(accountId)
        : await folderFor(accountId, recipient)
      return await deliverInto(folder, { blob, recipient, reserved, quota })
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      const reply = `storage failed: ${error.message}`
      const contended = error instanceof Contended || error instanceof Conflict
      const failure = answer({ kind: 'deferred', status: '4.3.0', reply })
      return { ...failure, contended, uncertain: !contended }
    }
  }

  /** Once, however often it is asked: the folder remembers the blob. */
  async function deliverInto(
    folder: Folder,
    { blob, recipient, reserved, quota }: Letter,
  ): Promise<LocalResult> {
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
    const { name } = folder
    switch (appended.kind) {
      case 'appended': {
        const reply = `uid ${appended.uid} in ${name}`
        const action = { kind: 'delivered', folder: name, reply } as const
        return { ...answer(action), usedReserved: reserved }
      }
      case 'duplicate': {
        // Another recipient's delivery into the same folder used that one's reference, and ours is free.
        const usedReserved = reserved && appended.recipient === recipient.address
        const reply = `already in ${name}`
        return { ...answer({ kind: 'delivered', folder: name, reply }), usedReserved }
      }
      case 'no-such-folder': {
        const reply = `folder ${name} has just gone`
        return answer({ kind: 'deferred', status: '4.2.1', reply })
      }
      case 'over-quota': {
        const { bytes, messages } = appended.used
        const reply = `mailbox full: ${bytes} of ${quota.bytes} bytes, ${messages} messages`
        return answer({ kind: 'deferred', status: '4.2.2', reply })
      }
      case 'over-append-limit':
        throw new Error('delivery has no limit a day')
    }
  }

  /** Wherever its owner has it. Where there is none and none can be made, the message is not lost for that. */
  async function junkFolder(accountId: AccountId): Promise<Folder> {
    const used = await mailbox.folders.findUse(accountId, JUNK_USE)
    if (used?.selectable) return used
    const named = await mailbox.folders.find(accountId, JUNK_FOLDER)
    if (named?.selectable) return named
    const made = await mailbox.folders.create(accountId, JUNK_FOLDER, used ? [] : [JUNK_USE])
    if (made.kind === 'created') return made.folder
    // Somebody else made it a moment earlier, or it may not be.
    const again = await mailbox.folders.find(accountId, JUNK_FOLDER)
    return again?.selectable ? again : mailbox.inbox(accountId)
  }

  async function folderFor(accountId: AccountId, { extension }: FinalRecipient): Promise<Folder> {
    const detail =
      extension === null || !deps.options.deliverToDetailFolder
        ? undefined
        : await mailbox.folders.findSpelled(accountId, extension, spellings)
    return detail?.selectable ? detail : mailbox.inbox(accountId)
  }
}

/** RFC 6154 §2, and what new accounts have it named. */
const JUNK_USE = '\\Junk'
const JUNK_FOLDER = 'Junk'

type Letter = {
  readonly blob: Blob
  readonly recipient: FinalRecipient
  readonly reserved: boolean
  readonly quota: Quota
}

/** The account to deliver to, or why mail cannot come to this recipient whatever its account wants. */
function accountFor(
  { deliveredTo }: QueuedMessage,
  { address, accountId }: FinalRecipient,
): AccountId | Undelivered {
  // Its aliases led nowhere, and an older version let it be tried again: an operator releases it once they are mended.
  if (accountId === null) {
    return { kind: 'failed', status: '5.1.1', reply: `<${address}>: leads to no account` }
  }
  // RFC 5321 §6.3: a message that already was here goes in circles.
  const key = lookupKey(address)
  if (deliveredTo.some((before) => lookupKey(before) === key)) {
    return { kind: 'failed', status: '5.4.6', reply: `mail forwarding loop for ${address}` }
  }
  return accountId
}

/** One action that took no reserved reference. */
const answer = (action: LocalAction): LocalResult => ({
  actions: [action],
  creates: [],
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
