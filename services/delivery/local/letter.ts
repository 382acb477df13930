// One message for one recipient here, as those have it who do something with it, and what they say of it.

import type { FinalRecipient, LocalAction } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { LocalResult } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'

export type Letter = {
  readonly message: QueuedMessage
  readonly account: AccountId
  readonly blob: Blob
  readonly recipient: FinalRecipient
  /** A reference to the blob is reserved for this recipient. */
  readonly reserved: boolean
  readonly quota: Quota
}

/** One action that took no reserved reference. */
export const answer = (action: LocalAction): LocalResult => ({
  actions: [action],
  creates: [],
  usedReserved: false,
  contended: false,
  uncertain: false,
})

/** Nothing was tried: what becomes of it is for delivery to find out, which may read every message and has time. */
export const leftToDelivery: LocalResult = {
  ...answer({ kind: 'deferred', status: '4.3.0', reply: 'its script runs at delivery' }),
  isLeft: true,
}

/** What came of several actions together. */
export function together(
  results: readonly LocalResult[],
  creates: readonly CreatedMessage[],
): LocalResult {
  return {
    actions: results.flatMap(({ actions }) => actions),
    creates,
    usedReserved: results.some(({ usedReserved }) => usedReserved),
    contended: results.some(({ contended }) => contended),
    uncertain: results.some(({ uncertain }) => uncertain),
  }
}

/** As Postfix writes them, X-Original-To only where it tells more: whom an alias or a catch-all was written to. */
export function deliveryFields({ address, original }: FinalRecipient): string {
  const isItself = lookupKey(original) === lookupKey(address)
  const fields = `${isItself ? '' : `X-Original-To: ${original}\r\n`}Delivered-To: ${address}\r\n`
  return Buffer.from(fields, 'utf8').toString('latin1')
}

/** What it is to the account's memory: a message may come to several addresses of one account. */
export const noteOf = ({ message, recipient }: Letter): string =>
  `${message.queueId} ${recipient.address} ${recipient.extension ?? ''}`
