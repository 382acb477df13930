import type { Uid } from '#shared/contracts/mailbox.ts'
import { appendContinues } from '#shared/imap/append-arguments.ts'
import { formatSequenceSet } from '#shared/imap/sequence-set.ts'
import { blobBytesOf, TOGETHER_BYTES_MAX } from '#shared/mailbox/append.ts'
import { APPEND_TOGETHER_MAX } from '#shared/mailbox/append-together.ts'
import type { Mailbox, NewMessage, ReceivedMessage, Refused } from '#shared/mailbox/port.ts'
import { HeldBytes } from '#shared/runtime/byte-budget.ts'
import { rangesOf } from '#shared/runtime/number-ranges.ts'
import { readArrival } from '../appending/arrival.ts'
import { findTarget, readMailboxName, refusalMeanwhile, type Target } from '../appending/target.ts'
import { type Completion, completed, defineStreamedCommand } from '../command.ts'
import { overLimit } from '../message-limit.ts'
import { replies } from '../replies.ts'
import { shownArrivals } from '../scripts/events.ts'
import type { Session } from '../session.ts'

/** Messages of one command: small ones, and what is known of each, are held in memory until the last has come. */
export const MULTIAPPEND_MESSAGES_MAX = 500
export const MULTIAPPEND_HELD_BYTES_MAX = 32 * 1024 * 1024
/** More of a message is not held in any driver but written as it comes. */
const MESSAGE_HELD_BYTES_MAX = 64 * 1024

const heldOf = ({ blob }: NewMessage) =>
  blob.index.byteLength + Math.min(blob.object.length, MESSAGE_HELD_BYTES_MAX)

/** APPEND; of several messages all or none. RFC 9051 §6.3.12; MULTIAPPEND RFC 3502; APPENDUID RFC 4315 §3. */
export const append = defineStreamedCommand({
  states: ['authenticated', 'selected'],
  takesRoom: true,
  mayReportExpunge: true,
  async run(session, feed, wire): Promise<Completion> {
    const mailbox = await readMailboxName(feed)
    const target = await findTarget(session, 'APPEND', mailbox)
    if (target.kind === 'refused') return target.completion
    using held = new HeldBytes(session.deps.memory.commands, MULTIAPPEND_HELD_BYTES_MAX)
    await using staged = new AsyncDisposableStack()
    const received: ReceivedMessage[] = []
    const messages: NewMessage[] = []
    const { folder, scope } = target
    let { bytes, messages: roomMessages, appendBytes } = target.room
    const { messageLimit } = session.deps.options
    do {
      // RFC 9738 §3.1: all of the messages or none.
      if (messages.length === messageLimit) return overLimit(session)
      const last = messages.at(-1)
      if (last !== undefined && !held.take(heldOf(last))) return replies.noMemoryForCommand
      if (messages.length === MULTIAPPEND_MESSAGES_MAX) return replies.tooManyMessages
      if (roomMessages-- < 1) return replies.overQuota
      const arrival = await readArrival(
        session,
        feed,
        { folder, scope, room: { bytes, appendBytes } },
        staged,
      )
      if (arrival.kind === 'refused') return arrival.completion
      received.push(arrival.received)
      messages.push(arrival.message)
      bytes -= arrival.received.index.bytes
      appendBytes -= arrival.received.index.bytes
    } while (appendContinues(feed.cursor))
    const refused = await refusalMeanwhile(session, 'APPEND', mailbox, target)
    if (refused !== undefined) return refused
    // From here on the objects may be referred to.
    staged.move()
    const appended = await store(session, target, received, messages)
    if (appended.kind !== 'stored') return refusal(appended)
    session.counts.appended += messages.length
    // The EXISTS of this session's own message stands before the tagged OK (RFC 9051 §6.3.12).
    if (session.state.kind === 'selected') {
      const { selected } = session.state
      if (selected.folder.id === target.folder.id) selected.brought(appended.uids)
    }
    await shownArrivals(session, wire, folder, 'APPEND', appended.uids)
    if (!target.tellsUids) return completed('APPEND')
    const uids = formatSequenceSet(rangesOf(appended.uids))
    return completed('APPEND', `APPENDUID ${appended.uidValidity} ${uids}`)
  },
})

type Destination = Target & { readonly kind: 'target' }

type Stored = {
  readonly kind: 'stored'
  readonly uidValidity: number
  readonly uids: readonly Uid[]
}
type NotStored = Refused | { readonly kind: 'no-such-folder' }

function refusal({ kind }: NotStored): Completion {
  switch (kind) {
    case 'no-such-folder':
      return replies.tryCreate
    case 'over-quota':
      return replies.overQuota
    case 'over-append-limit':
      return replies.appendLimit
  }
}

async function store(
  session: Session,
  target: Destination,
  received: readonly ReceivedMessage[],
  messages: readonly NewMessage[],
): Promise<Stored | NotStored> {
  const { mailbox } = session.deps
  // Objects are committed first and awaited together with the folder: see StagedObject.
  const committing = Promise.all(received.map((each) => each.commit()))
  const [committed, written] = await Promise.allSettled([
    committing,
    write(mailbox, target, messages),
  ])
  if (written.status === 'rejected') throw written.reason
  const stored = written.value
  if (committed.status === 'rejected') {
    // Messages without their bytes must not stay.
    if (stored.kind === 'stored') await mailbox.expunge(target.folder, stored.uids)
    throw committed.reason
  }
  if (stored.kind !== 'stored') await mailbox.abandon(target.folder.accountId, received)
  return stored
}

async function write(
  mailbox: Mailbox,
  { folder, limits }: Destination,
  messages: readonly NewMessage[],
): Promise<Stored | NotStored> {
  const [only, ...more] = messages
  if (only !== undefined && more.length === 0) {
    // Alone it shares its transaction with what others append at the same time.
    const appended = await mailbox.append(folder, only, limits)
    // Cannot happen: only queued mail is put into a folder once.
    if (appended.kind === 'duplicate') throw new Error('a duplicate of a new message')
    if (appended.kind !== 'appended') return appended
    return { kind: 'stored', uidValidity: appended.uidValidity, uids: [appended.uid] }
  }
  const uids: Uid[] = []
  let uidValidity = folder.uidValidity
  try {
    for (const chunk of transactionsOf(messages)) {
      const appended = await mailbox.appendTogether(folder, chunk, limits)
      if (appended.kind === 'too-many') throw new Error('a chunk too large')
      if (appended.kind !== 'appended') {
        if (appended.kind !== 'no-such-folder') await mailbox.expunge(folder, uids)
        return appended
      }
      uids.push(...appended.uids)
      uidValidity = appended.uidValidity
    }
  } catch (error) {
    // RFC 3502 §6.3.11: all or none. What a crash leaves of several transactions the client sees and can remove.
    await mailbox.expunge(folder, uids)
    throw error
  }
  return { kind: 'stored', uidValidity, uids }
}

/** As many messages at a time as one transaction takes. */
function* transactionsOf(messages: readonly NewMessage[]): Generator<readonly NewMessage[]> {
  let together: NewMessage[] = []
  let bytes = 0
  for (const message of messages) {
    const more = blobBytesOf(message)
    const isFull = together.length === APPEND_TOGETHER_MAX || bytes + more > TOGETHER_BYTES_MAX
    if (isFull && together.length > 0) {
      yield together
      together = []
      bytes = 0
    }
    together.push(message)
    bytes += more
  }
  if (together.length > 0) yield together
}
