// One message of APPEND or REPLACE as it arrives: its arguments are judged before the client is asked for the bytes, and the
// bytes stream into the object store.

import type { FolderRef } from '#shared/contracts/mailbox.ts'
import {
  type AppendData,
  parseAppendClose,
  parseAppendMessage,
} from '#shared/imap/append-arguments.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import {
  type FlagScope,
  type FlagSet,
  flagSet,
  flagsWithin,
  KEYWORD_CHARACTERS_MAX,
  KEYWORDS_MAX,
} from '#shared/mailbox/flags.ts'
import type { NewMessage, ReceivedMessage } from '#shared/mailbox/port.ts'
import type { Room } from '#shared/mailbox/quota.ts'
import type { CommandFeed, Completion } from '../command.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import { catenate } from './catenate.ts'
import { Refusal } from './refusal.ts'

export type Arrival =
  | { readonly kind: 'arrived'; readonly received: ReceivedMessage; readonly message: NewMessage }
  | { readonly kind: 'refused'; readonly completion: Completion }

type Into = {
  readonly folder: FolderRef
  readonly scope: FlagScope
  readonly room: Pick<Room, 'bytes' | 'appendBytes'>
}

/** Reads the message and what closes it; then `feed.cursor` is behind it. `staged` forgets its bytes when all is undone. */
export async function readArrival(
  session: Session,
  feed: CommandFeed,
  { folder, scope, room }: Into,
  staged: AsyncDisposableStack,
): Promise<Arrival> {
  const { flags: names, data, ...given } = parseAppendMessage(feed.cursor)
  const flags = flagSet(names)
  try {
    judgeFlags(flags)
    const received = await receiveData(session, feed, data, room)
    staged.defer(async () => {
      await received.discard()
      const { mailbox } = session.deps
      if (received.stored) await mailbox.abandon(folder.accountId, [received])
    })
    await close(feed, data, received)
    const internalDateMs = given.internalDateMs ?? session.deps.clock.now()
    const { blob, endsLine } = received
    const message = {
      blob,
      // RFC 4314 §4: flags that may not be set are left out, and nothing fails for them.
      flags: flagsWithin(flags, scope),
      internalDateMs,
      prepend: '',
      once: false,
      unended: !endsLine,
    }
    return { kind: 'arrived', received, message }
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', completion: error.completion }
    throw error
  }
}

async function receiveData(
  session: Session,
  feed: CommandFeed,
  data: AppendData,
  room: Pick<Room, 'bytes' | 'appendBytes'>,
): Promise<ReceivedMessage> {
  const limit = session.deps.options.messageSizeLimit
  let bytes = 0
  const take = (more: number) => {
    bytes += more
    if (bytes > limit) throw new Refusal(replies.messageTooLarge)
    if (bytes > room.bytes) throw new Refusal(replies.overQuota)
    if (bytes > room.appendBytes) throw new Refusal(replies.appendLimit)
  }
  const { mailbox } = session.deps
  if (data.kind === 'catenate') return mailbox.receive(catenate(session, feed, data.parts, take))
  // RFC 3502 §6.3.11: a client takes an APPEND back by sending nothing.
  if (data.literal.bytes === 0) throw new Refusal(replies.emptyMessage)
  take(data.literal.bytes)
  return mailbox.receive(feed.literal())
}

/** What follows the bytes: a catenation has read its own end. */
async function close(
  feed: CommandFeed,
  data: AppendData,
  { index }: ReceivedMessage,
): Promise<void> {
  if (data.kind === 'catenate') {
    if (index.bytes === 0) throw new Refusal(replies.emptyMessage)
    return
  }
  parseAppendClose(await feed.next(), data)
  // literal = … *CHAR8, CHAR8 = %x01-ff; only literal8 may hold NUL (RFC 3516 §4.4).
  if (index.containsNul && !data.literal.binary) throw new ImapSyntaxError('NUL in a literal')
}

function judgeFlags({ keywords }: FlagSet): void {
  if (keywords.some((keyword) => keyword.startsWith('\\'))) throw new Refusal(replies.unknownFlag)
  const fits =
    keywords.length <= KEYWORDS_MAX &&
    keywords.every((keyword) => keyword.length <= KEYWORD_CHARACTERS_MAX)
  if (!fits) throw new Refusal(replies.tooManyKeywords)
}
