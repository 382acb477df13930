// A message of a folder, as scripts that run over it need it, and whose script runs.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import { decodeEnvelope } from '#shared/mail/index-codec.ts'
import type { EnvelopeAddress } from '#shared/mail/message-index.ts'
import type { Limits } from '#shared/mailbox/quota.ts'
import type { Blob, FolderRecord, MessageRecord } from '#shared/mailbox/records.ts'
import { Header, type SieveMessage } from '#shared/sieve/message.ts'

export type FiledMessage = {
  readonly folder: FolderRecord
  readonly record: MessageRecord
  readonly blob: Blob
}

/** Whose script runs: the owner of the mailbox. */
export type ScriptHolder = {
  readonly id: AccountId
  readonly address: string
  readonly displayName: string
  /** The active one, which is for delivery. */
  readonly script: { readonly name: string; readonly version: number } | null
  readonly quota: Limits
}

/** What the service put before it when it was delivered; '' of what a client appended. Byte string. */
export const addedFieldsOf = ({ record, blob }: FiledMessage): string =>
  record.prepend + blob.prepend

/** It came by delivery: clients put no fields before what they append. */
export const wasDelivered = (filed: FiledMessage): boolean => addedFieldsOf(filed) !== ''

/** To what the memory of scripts is bound. */
export const noteOf = ({ folder, record }: FiledMessage): string =>
  `mailbox ${folder.id} ${folder.uidValidity} ${record.uid}`

/**
 * draft-bosch-imap-filter-sieve-00 §5: the envelope as it was, as well as it can be known. Who sent it stands in Return-Path, which final
 * delivery wrote before it; in the header of a message that came otherwise FILTER looks for it.
 */
export async function envelopeOf(
  filed: FiledMessage,
  message: SieveMessage,
  { owner, isRead }: { readonly owner: string; readonly isRead: boolean },
): Promise<{ readonly from: string; readonly to: string }> {
  const isKnown = wasDelivered(filed) || !isRead
  const added = new Header(headerFields(Buffer.from(addedFieldsOf(filed), 'latin1')))
  const header = isKnown ? added : await message.header()
  const to = firstAddress(header, 'x-original-to') ?? firstAddress(header, 'delivered-to') ?? owner
  const [path] = header.values('return-path')
  const [author] =
    path === undefined ? (decodeEnvelope(filed.blob.index).from ?? []) : parseAddressList(path)
  return { from: (author && textOf(author)) ?? '', to }
}

function firstAddress(header: Header, name: string): string | undefined {
  const [first] = header.addresses(name)
  return first === undefined ? undefined : textOf(first)
}

export const textOf = ({ mailbox, host }: EnvelopeAddress): string | undefined =>
  mailbox === null || !host
    ? undefined
    : Buffer.from(`${mailbox}@${host}`, 'latin1').toString('utf8')
