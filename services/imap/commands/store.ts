import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatSequenceSet, type MessageSet, rangesOf } from '#shared/imap/sequence-set.ts'
import { parseStoreArguments, type StoreArguments } from '#shared/imap/store-arguments.ts'
import { flagSet, KEYWORD_CHARACTERS_MAX } from '#shared/mailbox/flags.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import { type Command, type Completion, completed, defineCommand } from '../command.ts'
import { flagsText } from '../fetch/flags-text.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** STORE. RFC 9051 §6.4.6; UNCHANGEDSINCE RFC 7162 §3.1.3. */
export const store = storing('number')
/** UID STORE. RFC 9051 §6.4.9. */
export const uidStore = storing('uid')

function storing(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    mayReportExpunge: by === 'uid',
    parse(cursor) {
      cursor.space()
      const set = cursor.sequenceSet()
      cursor.space()
      return { set, ...parseStoreArguments(cursor) }
    },
    run(session, { set, ...given }, wire) {
      if (refusesNumbers(session, by)) return replies.uidRequired
      return storeFlags(session, { set, by, ...given }, wire)
    },
  })
}

async function storeFlags(
  session: Session,
  given: StoreArguments & { readonly set: MessageSet; readonly by: NumberKind },
  wire: Wire,
): Promise<Completion> {
  const { selected, services } = session
  const { mode, flags, unchangedSince } = given
  const { keywords } = flagSet(flags)
  if (keywords.some((keyword) => keyword.startsWith('\\'))) return replies.unknownFlag
  if (keywords.some((keyword) => keyword.length > KEYWORD_CHARACTERS_MAX)) {
    return replies.tooManyKeywords
  }
  // RFC 7162 §3.1: UNCHANGEDSINCE enables CONDSTORE.
  if (unchangedSince !== null) session.enabled.add('CONDSTORE')
  const uids = selected.select(given.set, given.by)
  if (selected.readOnly) return replies.readOnly
  const stored = await services.mailbox.storeFlags(
    selected.folder,
    uids,
    { mode, flags },
    unchangedSince === null ? {} : { unchangedSince },
  )
  selected.hint()
  if (stored.kind === 'too-many-keywords') return replies.tooManyKeywords
  if (stored.kind === 'no-such-folder') return replies.messagesGone
  const [first] = stored.messages
  if (keywords.length > 0 && first !== undefined) selected.tellKeywords(wire, first.flags.keywords)
  await tellStored(session, stored.messages, given, wire)
  const found = stored.messages.length + stored.modified.length
  if (stored.modified.length > 0) return conditionFailed(session, given.by, stored.modified)
  if (found === uids.length) return completed('STORE')
  // RFC 2180 §4.2: what others expunged cannot be changed, what is left was. A uid that is gone means nothing (RFC 9051 §6.4.9).
  const isFailure = found === 0 && given.by === 'number'
  return isFailure ? replies.messagesGone : { ...replies.messagesGone, status: 'OK' }
}

/** RFC 9051 §6.4.6: the new flags, except with .SILENT; then still the mod-sequences (RFC 7162 §3.1.3). */
async function tellStored(
  session: Session,
  messages: readonly MessageRecord[],
  { silent }: { readonly silent: boolean },
  wire: Wire,
): Promise<void> {
  const { selected } = session
  const withModSeq = session.enabled.has('CONDSTORE')
  let lines = ''
  for (const { uid, flags, modSeq } of messages) {
    selected.told(uid, modSeq)
    if (silent && !withModSeq) continue
    const items = [
      ...(session.enabled.has('UIDONLY') ? [] : [`UID ${uid}`]),
      ...(silent ? [] : [flagsText(flags)]),
      ...(withModSeq ? [`MODSEQ (${modSeq})`] : []),
    ]
    lines += `* ${selected.fetchName(uid)} (${items.join(' ')})\r\n`
    if (lines.length < WRITE_CHARACTERS) continue
    wire.write(lines)
    lines = ''
    await wire.room()
  }
  if (lines !== '') wire.write(lines)
}

/** RFC 7162 §3.1.3: messages that changed meanwhile are named as the command named them. */
function conditionFailed(
  { selected }: Session,
  by: NumberKind,
  modified: readonly Uid[],
): Completion {
  const names = by === 'uid' ? modified : modified.map((uid) => selected.numberOf(uid))
  const code = `MODIFIED ${formatSequenceSet(rangesOf(names))}`
  return { status: 'OK', code, text: 'Conditional STORE failed for some' }
}

/** Responses are collected up to this size before they go to the socket. */
const WRITE_CHARACTERS = 64 * 1024
