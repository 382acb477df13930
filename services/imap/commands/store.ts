import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatSequenceSet, type MessageSet } from '#shared/imap/sequence-set.ts'
import { parseStoreArguments, type StoreArguments } from '#shared/imap/store-arguments.ts'
import {
  type FlagSet,
  flagSet,
  flagsWithin,
  KEYWORD_CHARACTERS_MAX,
} from '#shared/mailbox/flags.ts'
import type { Stored } from '#shared/mailbox/port.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import { flagScope } from '#shared/mailbox/rights.ts'
import { rangesOf } from '#shared/runtime/number-ranges.ts'
import { type Command, type Completion, completed, defineCommand } from '../command.ts'
import { flagsText } from '../fetch/flags-text.ts'
import { completeLimited, limitMessages } from '../message-limit.ts'
import { type NumberKind, refusesNumbers } from '../number-kind.ts'
import { tellingProgress } from '../progress.ts'
import { replies } from '../replies.ts'
import { FlagEvents } from '../scripts/events.ts'
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
  const { selected, deps } = session
  const { mode, flags, unchangedSince } = given
  const { keywords } = flagSet(flags)
  if (keywords.some((keyword) => keyword.startsWith('\\'))) return replies.unknownFlag
  if (keywords.some((keyword) => keyword.length > KEYWORD_CHARACTERS_MAX)) {
    return replies.tooManyKeywords
  }
  // RFC 7162 §3.1: UNCHANGEDSINCE enables CONDSTORE.
  if (unchangedSince !== null) session.enableCondstore(wire)
  const named = limitMessages(session, selected.select(given.set, given.by))
  if (selected.readOnly) return replies.readOnly
  const { uids } = named
  const events = new FlagEvents(session, selected.folder)
  const options = { ...events.options, ...(unchangedSince === null ? {} : { unchangedSince }) }
  const scope = flagScope(selected.rights)
  // RFC 4314 §4: refused where none of the flags may be changed, else the others stay as they are.
  if (mode !== 'replace' && flags.length > 0 && isNone(flagsWithin(flagSet(flags), scope))) {
    return replies.noPermission
  }
  const change = { mode, flags, ...(selected.isForeign && { scope }) }
  const storing = deps.mailbox.storeFlags(selected.folder, uids, change, options)
  const stored = await tellingProgress(session, wire, storing)
  selected.hint()
  if (stored.kind === 'too-many-keywords') return replies.tooManyKeywords
  if (stored.kind === 'no-such-folder') return replies.messagesGone
  const [first] = stored.messages
  if (keywords.length > 0 && first !== undefined) selected.tellKeywords(wire, first.flags.keywords)
  // RFC 9738 §3.1: from the highest uid down.
  const messages = named.cut ? stored.messages.toReversed() : stored.messages
  await tellStored(session, messages, given, wire)
  await events.show(wire)
  return completeLimited(session, named, completion(session, given, stored, uids.length), wire)
}

const isNone = ({ bits, keywords }: FlagSet) => bits === 0 && keywords.length === 0

function completion(
  session: Session,
  given: { readonly by: NumberKind; readonly silent: boolean },
  { messages, modified }: Stored & { readonly kind: 'stored' },
  named: number,
): Completion {
  const { by, silent } = given
  if (modified.length > 0) return conditionFailed(session, by, modified)
  // What others expunged cannot be changed, what is left was. A uid that is gone means nothing (RFC 9051 §6.4.9), and who did not ask
  // for the new flags misses none (RFC 2180 §4.2.1).
  if (messages.length === named || by === 'uid' || silent) return completed('STORE')
  // RFC 2180 §4.2.2, §4.2.3
  const isFailure = messages.length === 0
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
      ...(silent ? [] : [flagsText(flags, selected.isRecent(uid))]),
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
