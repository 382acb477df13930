// What became of a recipient in one attempt, as the queue is told of it, and what of that stays with him.

import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import { DELIVERED_DAYS } from '#shared/mailbox/blob-references.ts'

export type RecipientResult = {
  /** With what became of him before. */
  readonly recipient: FinalRecipient & { readonly last?: LastResult }
  readonly result: DeliveryResult
  /** The host that was spoken to, `host[address]`. */
  readonly remoteMta?: string | null
  /** It used a reference that was reserved. */
  readonly usedReserved?: boolean
  /** It is not known whether it was delivered. */
  readonly uncertain?: boolean
  /** His sender was told that it takes long, now or before. */
  readonly warned?: boolean
  /** He is done with, and his sender is still to be told: he stays for that alone. */
  readonly untold?: boolean
}

/** Of the last attempt for a recipient who still waits: to be tried again, or, where he is done with, for his sender to be told. */
export type LastResult = {
  readonly kind: DeliveryResult['kind']
  readonly status: EnhancedStatus
  readonly reply: string
  /** Null where no host was reached, or the reason is ours. */
  readonly remoteMta: string | null
  /** Null where the version that wrote it did not note when. */
  readonly atMs: number | null
  /** So many were made for this recipient. */
  readonly attempts: number
  /** His sender was told that it takes long. */
  readonly warned?: true
}

/** Of a reply that is kept: another host's words (REPLY_CHARACTERS_MAX), and ours about them. */
export const LAST_REPLY_BYTES_MAX = 1_500
/** A host name of 253 and an address. */
export const REMOTE_MTA_BYTES_MAX = 320

export function lastResult(
  result: DeliveryResult,
  facts: Pick<LastResult, 'remoteMta' | 'atMs' | 'attempts' | 'warned'>,
): LastResult {
  const { kind, reply } = result
  const status = kind === 'delivered' ? '2.0.0' : result.status
  const { remoteMta } = facts
  return {
    kind,
    status,
    ...facts,
    reply: clip(reply, LAST_REPLY_BYTES_MAX),
    remoteMta: remoteMta && clip(remoteMta, REMOTE_MTA_BYTES_MAX),
  }
}

/** The text without what is more than so many bytes of UTF-8, and without half a character at its end. */
export function clip(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length <= bytesMax) return text
  let end = bytesMax
  while (end > 0 && isContinuation(bytes[end])) end--
  return bytes.toString('utf8', 0, end)
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80

/** Not to be tried any more: cleanup and operators leave such recipients, and attempts whose senders could not be told. */
export const isDone = ({ last }: { readonly last?: LastResult }): boolean =>
  last !== undefined && last.kind !== 'deferred'

/** Of an alias that led to several addresses, for whoever asked to be told of success (RFC 3461 §5.2.7.3): it is done with when they are found. */
export const expanded = { kind: 'delivered', reply: 'expanded to several addresses' } as const

export const isExpanded = ({ kind, reply }: Pick<LastResult, 'kind' | 'reply'>): boolean =>
  kind === expanded.kind && reply === expanded.reply

/** For a recipient of whom nobody can say whether he has the message: its sender is told. */
export const doubtful = {
  result: {
    kind: 'failed',
    status: '5.4.7',
    reply: `it may have been delivered already, which is known for ${DELIVERED_DAYS} days`,
  },
  uncertain: true,
} as const
