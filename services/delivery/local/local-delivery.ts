// Local delivery, what a local delivery agent does: finds the folder, watches the quota, appends exactly once.

import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId, Folder } from '#shared/contracts/mailbox.ts'
import { noFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/mailbox.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
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
    const folder = await folderFor(accountId, recipient)
    const appended = await mailbox.append(
      folder,
      {
        blob,
        flags: noFlags,
        internalDateMs: deps.clock.now(),
        prepend: deliveredTo(recipient.address),
        once: true,
      },
      // What others send is limited by the quota alone.
      { ...quota, appendBytesPerDay: 0 },
    )
    switch (appended.kind) {
      case 'appended':
        return { kind: 'delivered', reply: `uid ${appended.uid} in ${folder.name}` }
      case 'duplicate':
        return { kind: 'delivered', reply: `already in ${folder.name}` }
      case 'no-such-folder':
        return { kind: 'deferred', status: '4.2.1', reply: `folder ${folder.name} has just gone` }
      case 'over-quota': {
        const { bytes, messages } = appended.used
        const reply = `mailbox full: ${bytes} of ${quota.bytes} bytes, ${messages} messages`
        return { kind: 'deferred', status: '4.2.2', reply }
      }
      case 'over-append-limit':
        throw new Error('delivery has no limit a day')
    }
  }

  async function folderFor(accountId: AccountId, { extension }: FinalRecipient): Promise<Folder> {
    const detail =
      extension === null || !deps.options.deliverToDetailFolder
        ? undefined
        : await mailbox.folders.firstOf(accountId, spellings(extension))
    return detail?.selectable ? detail : mailbox.inbox(accountId)
  }
}

/** Names are looked up as they are spelled; addresses are mostly written in lower case. */
function spellings(extension: string): readonly string[] {
  const lower = extension.toLowerCase()
  const [first = '', ...rest] = lower
  return [extension, first.toUpperCase() + rest.join(''), lower, extension.toUpperCase()]
}

function deliveredTo(address: string): string {
  return `Delivered-To: ${Buffer.from(address, 'utf8').toString('latin1')}\r\n`
}
