// Local delivery, what a local delivery agent does: finds the folder, watches the quota, appends exactly once.

import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { Mailbox } from '#shared/mailbox/mailbox.ts'
import { fits, type Quota, roomLeft, usageOf } from '#shared/mailbox/quota.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { LocalDelivery } from '#shared/queue/pipeline.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'

export function createLocalDelivery(deps: {
  readonly mailbox: Mailbox
  /** Undefined when the account is gone. */
  readonly quota: (accountId: AccountId) => Promise<Quota | undefined>
  readonly options: {
    /** `user+folder@` goes into that folder when it exists. */
    readonly deliverToDetailFolder: boolean
  }
  readonly clock: Clock
  readonly log: Log
}): LocalDelivery {
  const { mailbox } = deps

  return async function deliverLocal(message, blob, recipient) {
    const { queueId } = message
    const to = recipient.address
    let result: DeliveryResult
    try {
      result = await attempt(message, blob, recipient)
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      result = { kind: 'deferred', status: '4.3.0', reply: `storage failed: ${error.message}` }
    }
    const { kind, ...fields } = result
    deps.log.info({ queueId, to, relay: 'local', ...fields }, kind)
    return result
  }

  async function attempt(
    ...[message, blob, recipient]: Parameters<LocalDelivery>
  ): Promise<DeliveryResult> {
    const { accountId } = recipient
    if (accountId === null) throw new Error(`local delivery of ${recipient.address}`)
    // RFC 5321 §6.3: a message that already was here goes in circles.
    if (message.deliveredTo.includes(recipient.address)) {
      return {
        kind: 'failed',
        status: '5.4.6',
        reply: `mail forwarding loop for ${recipient.address}`,
      }
    }
    const quota = await deps.quota(accountId)
    if (quota === undefined) {
      return { kind: 'failed', status: '5.1.1', reply: `${recipient.address}: no such account` }
    }
    const folders = await mailbox.folders.list(accountId)
    const used = usageOf(folders)
    if (!fits(roomLeft(quota, used), blob.object.length)) {
      const reply = `mailbox full: ${used.bytes} of ${quota.bytes} bytes, ${used.messages} messages`
      return { kind: 'deferred', status: '4.2.2', reply }
    }
    const folder = folderFor(folders, recipient)
    const appended = await mailbox.append(folder, {
      blob,
      flags: noFlags,
      internalDateMs: deps.clock.now(),
      prepend: deliveredTo(recipient.address),
      once: true,
    })
    switch (appended.kind) {
      case 'appended':
        return { kind: 'delivered', reply: `uid ${appended.uid} in ${folder.name}` }
      case 'duplicate':
        return { kind: 'delivered', reply: `already in ${folder.name}` }
      case 'no-such-folder':
        return { kind: 'deferred', status: '4.2.1', reply: `folder ${folder.name} has just gone` }
    }
  }

  function folderFor(
    folders: readonly FolderRecord[],
    { extension }: FinalRecipient,
  ): FolderRecord {
    const inbox = folders.find(isInbox)
    if (inbox === undefined) throw new Error('an account without INBOX')
    if (extension === null || !deps.options.deliverToDetailFolder) return inbox
    const wanted = extension.toLowerCase()
    return (
      folders.find((folder) => folder.parentId === null && folder.name.toLowerCase() === wanted) ??
      inbox
    )
  }
}

function deliveredTo(address: string): string {
  return `Delivered-To: ${Buffer.from(address, 'utf8').toString('latin1')}\r\n`
}
