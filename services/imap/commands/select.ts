import type { Qresync } from '#shared/imap/mailbox-parameters.ts'
import { parseSelectParameters } from '#shared/imap/mailbox-parameters.ts'
import {
  formatSequenceSet,
  holdsNumber,
  intersectRanges,
  mergeRanges,
} from '#shared/imap/sequence-set.ts'
import { SEEN, SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'
import { type Command, completed, defineCommand } from '../command.ts'
import { findFolder } from '../folder-names.ts'
import { replies } from '../replies.ts'
import { SelectedMailbox } from '../selected-mailbox.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** SELECT. RFC 9051 §6.3.2; CONDSTORE and QRESYNC parameters RFC 7162 §3.1.8, §3.2.5. */
export const select = selecting('SELECT', false)
/** EXAMINE: the same read-only. RFC 9051 §6.3.3. */
export const examine = selecting('EXAMINE', true)

function selecting(name: string, readOnly: boolean): Command {
  return defineCommand({
    states: ['authenticated', 'selected'],
    mayReportExpunge: false,
    parse(cursor) {
      cursor.space()
      return { mailbox: cursor.mailbox(), ...parseSelectParameters(cursor) }
    },
    async run(session, { mailbox, condstore, qresync }, wire) {
      const wasSelected = session.state.kind === 'selected'
      // RFC 9051 §6.3.2: whatever comes of it, the old mailbox is no longer selected.
      await session.unselect()
      if (wasSelected) wire.untagged('OK [CLOSED] Previous mailbox closed')
      if (qresync !== null && !session.enabled.has('QRESYNC')) {
        return { status: 'BAD', text: 'QRESYNC must be enabled first' }
      }
      // RFC 9586 §3.7
      if (qresync?.sequenceMatch && session.enabled.has('UIDONLY')) return replies.uidRequired
      if (condstore) session.enabled.add('CONDSTORE')
      const folder = await findFolder(session, mailbox)
      if (folder === undefined) return replies.noSuchMailbox
      if (!folder.selectable) return replies.notSelectable
      const selected = await SelectedMailbox.open(session.services, folder, {
        readOnly,
        enabled: session.enabled,
      })
      if (selected === undefined) return replies.noSuchMailbox
      session.select(selected)
      describe(selected, session, wire)
      if (qresync !== null) await resync(session, qresync, wire)
      return completed(name, readOnly ? 'READ-ONLY' : 'READ-WRITE')
    },
  })
}

/** The untagged responses of RFC 9051 §6.3.2, and for IMAP4rev1 clients RECENT and UNSEEN of RFC 3501 §6.3.1. */
function describe(mailbox: SelectedMailbox, session: Session, wire: Wire): void {
  const { folder } = mailbox
  const flags = [...SYSTEM_FLAGS, ...folder.keywords].join(' ')
  wire.untagged(`FLAGS (${flags})`)
  const permanent = mailbox.readOnly ? '' : `${flags} \\*`
  wire.untagged(`OK [PERMANENTFLAGS (${permanent})] Flags that are kept`)
  wire.untagged(`${mailbox.count} EXISTS`)
  if (!session.enabled.has('IMAP4REV2')) {
    mailbox.tellRecent(wire, true)
    const unseen = firstUnseen(mailbox)
    if (unseen > 0) wire.untagged(`OK [UNSEEN ${unseen}] First unseen message`)
  }
  wire.untagged(`OK [UIDVALIDITY ${folder.uidValidity}] UIDs valid`)
  wire.untagged(`OK [UIDNEXT ${folder.uidNext}] Predicted next UID`)
  wire.untagged(`OK [HIGHESTMODSEQ ${mailbox.modSeq}] Highest`)
  wire.untagged(`OK [MAILBOXID (${folder.mailboxId})] Ok`)
}

function firstUnseen({ folder, messages, count }: SelectedMailbox): number {
  if (folder.unseen === 0) return 0
  for (let row = 0; row < count; row++) {
    if (!(messages.bitsAt(row) & SEEN)) return row + 1
  }
  return 0
}

/** RFC 7162 §3.2.5: what the client missed since it last had this mailbox. */
async function resync(session: Session, given: Qresync, wire: Wire): Promise<void> {
  const mailbox = session.selected
  // Another UIDVALIDITY: nothing the client knows holds any more.
  if (given.uidValidity !== mailbox.folder.uidValidity) return
  const { changed, vanished } = await mailbox.missedSince(given.modSeq)
  const known = given.knownUids && mergeRanges([...given.knownUids])
  const gone = known === null ? vanished : intersectRanges(vanished, known)
  if (gone.length > 0) wire.untagged(`VANISHED (EARLIER) ${formatSequenceSet(gone)}`)
  for (const uid of changed) {
    if (known !== null && !holdsNumber(known, uid)) continue
    const response = mailbox.currentFlags(uid)
    if (response !== undefined) wire.untagged(response)
    await wire.room()
  }
}
