// Where APPEND and REPLACE put messages, and how much of them there is room for: known before the client is asked for a byte.

import { decodeMailboxName, MAILBOX_NAME_BYTES_MAX } from '#shared/imap/mailbox-name.ts'
import type { FlagScope } from '#shared/mailbox/flags.ts'
import type { Limits, Room } from '#shared/mailbox/quota.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { flagScope } from '#shared/mailbox/rights.ts'
import { may, reach, refusalOf } from '../access/reach.ts'
import type { CommandFeed, Completion } from '../command.ts'
import { isNetUnicode } from '../folder-names.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'

export type Target =
  | {
      readonly kind: 'target'
      readonly folder: FolderRecord
      /** Flags that may come along (RFC 4314 §4). */
      readonly scope: FlagScope
      /** What uids messages have there is told to those alone who may select it (RFC 4315 §5). */
      readonly tellsUids: boolean
      /** Of its owner, to be kept by whoever stores. */
      readonly limits: Limits
      /** What its owner may still store. */
      readonly room: Room
    }
  | { readonly kind: 'refused'; readonly completion: Completion }

/** SP mailbox; the name may be a literal, which is not known to the reader as one that can be collected. */
export async function readMailboxName(feed: CommandFeed): Promise<string> {
  const { cursor } = feed
  cursor.space()
  const literal = cursor.announced()
  if (literal === null) return cursor.mailbox()
  if (literal.binary) cursor.fail('a literal8 cannot stand here')
  if (literal.bytes > MAILBOX_NAME_BYTES_MAX) cursor.fail('the mailbox name is too long')
  const name: Uint8Array[] = []
  for await (const chunk of feed.literal()) name.push(chunk)
  await feed.next()
  return decodeMailboxName(Buffer.concat(name).toString('latin1'), cursor.utf8)
}

/**
 * Where the client has let literals wait, rights may have gone meanwhile; the refusal, where the mailbox is somebody else's and may take
 * nothing any more.
 */
export async function refusalMeanwhile(
  session: Session,
  use: 'APPEND' | 'REPLACE',
  mailbox: string,
  { folder }: Target & { readonly kind: 'target' },
): Promise<Completion | undefined> {
  if (folder.accountId === session.account.id) return undefined
  const reached = await reach(session, use, mailbox)
  return reached.kind === 'folder' ? undefined : refusalOf(reached, replies.tryCreate)
}

export async function findTarget(
  session: Session,
  use: 'APPEND' | 'COPY' | 'MOVE' | 'REPLACE',
  mailbox: string,
): Promise<Target> {
  const { account, deps } = session
  const [reached, ownLimits] = await Promise.all([
    reach(session, use, mailbox),
    deps.quota(account.id),
  ])
  // RFC 9051 §6.3.12: CREATE would help, also where only the name is left.
  const unknown = isNetUnicode(mailbox) ? replies.tryCreate : replies.badName
  if (reached.kind !== 'folder') return { kind: 'refused', completion: refusalOf(reached, unknown) }
  const { folder, rights } = reached
  if (!folder.selectable) return { kind: 'refused', completion: unknown }
  const isOwn = folder.accountId === account.id
  const limits = isOwn ? ownLimits : await deps.quota(folder.accountId)
  // The account was removed while its session is open.
  if (limits === undefined) return { kind: 'refused', completion: replies.unavailable }
  const room = await deps.mailbox.room(folder.accountId, limits)
  const tellsUids = may(rights, 'SELECT')
  return { kind: 'target', folder, scope: flagScope(rights), tellsUids, limits, room }
}
