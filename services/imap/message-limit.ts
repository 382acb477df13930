// How many messages one command works on (MESSAGELIMIT, RFC 9738). Where more are named, the highest uids are taken and the
// client is told how far it came; what has to happen whole or not at all is refused.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { Completion } from './command.ts'
import type { Session } from './session.ts'
import type { Wire } from './wire.ts'

export type Limited = {
  /** Ascending. */
  readonly uids: readonly Uid[]
  /** Whether there were more. */
  readonly cut: boolean
}

/** RFC 9738 §3.1: from the highest uid down. */
export function limitMessages({ deps }: Session, uids: readonly Uid[]): Limited {
  const { messageLimit } = deps.options
  return uids.length <= messageLimit
    ? { uids, cut: false }
    : { uids: uids.slice(-messageLimit), cut: true }
}

/** RFC 9738 §3.1: says in the tagged answer how far the command came; before it, where that has another code already. */
export function completeLimited(
  session: Session,
  { uids, cut }: Limited,
  completion: Completion,
  wire: Wire,
): Completion {
  if (!cut || completion.status !== 'OK') return completion
  const code = limitCode(session, uids[0])
  const text = `Completed for the last ${uids.length} messages only`
  if (completion.code === undefined) return { ...completion, code, text }
  wire.untagged(`NO [${code}] ${text}`)
  return completion
}

/** Nothing was done. `uid` is the lowest one that could have been in (RFC 9738 §3.1, COPY). */
export function overLimit(session: Session, uid?: Uid): Completion {
  return { status: 'NO', code: limitCode(session, uid), text: 'Too many messages at once' }
}

function limitCode({ deps }: Session, uid: Uid | undefined): string {
  const limit = deps.options.messageLimit
  return formatResponseCode({ kind: 'MESSAGELIMIT', limit, uid: uid ?? null })
}
