// What COPY and MOVE have in common: which messages, where to, and how it is told.

import type { Uid } from '#shared/contracts/mailbox.ts'
import type { Cursor } from '#shared/imap/cursor.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { MessageSet } from '#shared/imap/sequence-set.ts'
import type { Transferred } from '#shared/mailbox/port.ts'
import { rangesOf } from '#shared/runtime/number-ranges.ts'
import { findTarget, type Target } from './appending/target.ts'
import type { Completion } from './command.ts'
import type { NumberKind } from './number-kind.ts'
import { replies } from './replies.ts'
import type { Session } from './session.ts'

export type TransferArguments = { readonly set: MessageSet; readonly mailbox: string }

// sequence-set SP mailbox
export function parseTransfer(cursor: Cursor): TransferArguments {
  cursor.space()
  const set = cursor.sequenceSet()
  cursor.space()
  return { set, mailbox: cursor.mailbox() }
}

export type PreparedTransfer =
  | {
      readonly kind: 'ready'
      readonly uids: readonly Uid[]
      readonly target: Target & { readonly kind: 'target' }
    }
  | { readonly kind: 'refused'; readonly completion: Completion }

export async function prepareTransfer(
  session: Session,
  { set, mailbox }: TransferArguments,
  by: NumberKind,
  use: 'COPY' | 'MOVE',
): Promise<PreparedTransfer> {
  const { selected } = session
  const named = selected.select(set, by)
  const uids = named.filter((uid) => selected.exists(uid))
  // RFC 2180 §4.4.1: a message that is expunged already cannot be copied, and then none is. A uid that is gone means nothing
  // (RFC 9051 §6.4.9).
  if (by === 'number' && uids.length < named.length) {
    return { kind: 'refused', completion: replies.messagesGone }
  }
  const target = await findTarget(session, use, mailbox)
  return target.kind === 'target' ? { kind: 'ready', uids, target } : target
}

/** RFC 9051 §7.1 COPYUID. Both lists ascend, so that their ranges name the pairs in order. */
export function copyUid({ uidValidity, from, to }: Transferred): string {
  return formatResponseCode({
    kind: 'COPYUID',
    uidValidity,
    from: rangesOf(from),
    to: rangesOf(to),
  })
}
