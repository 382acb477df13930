import { parseSelectParameters, type Qresync } from '#shared/imap/mailbox-parameters.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { formatSequenceSet } from '#shared/imap/sequence-set.ts'
import { SEEN, SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { effectiveRights, hasAny, type Rights } from '#shared/mailbox/rights.ts'
import { holdsNumber, intersectRanges, mergeRanges } from '#shared/runtime/number-ranges.ts'
import { reach, refusalOf } from '../access/reach.ts'
import { type Command, completed, defineCommand } from '../command.ts'
import { writeListEntry } from '../folder-list/list-response.ts'
import { attributesOf } from '../folder-list/selection.ts'
import { keptName } from '../folder-names.ts'
import { replies } from '../replies.ts'
import { SelectedFolder } from '../selected-folder.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** SELECT. RFC 9051 §6.3.2; CONDSTORE and QRESYNC parameters RFC 7162 §3.1.8, §3.2.5. */
export const select = selecting('SELECT', false)
/** EXAMINE: the same read-only. RFC 9051 §6.3.3. */
export const examine = selecting('EXAMINE', true)

function selecting(name: 'SELECT' | 'EXAMINE', examines: boolean): Command {
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
      const reached = await reach(session, name, mailbox)
      if (reached.kind !== 'folder') return refusalOf(reached)
      const { folder, rights } = reached
      if (!folder.selectable) return replies.notSelectable
      // RFC 4314 §5.2
      const readOnly = examines || !hasAny(rights, ['i', 'e', 's', 'w', 't'])
      const selected = await SelectedFolder.open(session.deps, folder, {
        readOnly,
        enabled: session.enabled,
        ...accessOf(session, folder, rights),
      })
      if (selected === undefined) return replies.noSuchMailbox
      session.select(selected)
      describe(selected, session, wire)
      if (session.enabled.has('IMAP4REV2')) tellName(mailbox, folder, session, wire)
      if (qresync !== null) await resync(session, qresync, wire)
      return completed(name, readOnly ? 'READ-ONLY' : 'READ-WRITE')
    },
  })
}

/** Rights in a folder of somebody else are looked at again with each command. */
function accessOf({ account, deps }: Session, folder: FolderRecord, rights: Rights) {
  if (folder.accountId === account.id) return {}
  const { access } = deps.mailbox
  const read = async () => effectiveRights(await access.list(folder), account.id)
  return { access: { rights, read } }
}

/** The untagged responses of RFC 9051 §6.3.2, and for IMAP4rev1 clients RECENT and UNSEEN of RFC 3501 §6.3.1. */
function describe(selected: SelectedFolder, session: Session, wire: Wire): void {
  const { folder } = selected
  const flags = [...SYSTEM_FLAGS, ...folder.keywords].join(' ')
  wire.untagged(`FLAGS (${flags})`)
  wire.untagged(`OK [PERMANENTFLAGS (${selected.permanentFlags})] Flags that are kept`)
  wire.untagged(`${selected.count} EXISTS`)
  if (!session.enabled.has('IMAP4REV2')) {
    selected.tellRecent(wire, true)
    const unseen = firstUnseen(selected)
    if (unseen > 0) wire.untagged(`OK [UNSEEN ${unseen}] First unseen message`)
  }
  wire.untagged(`OK [UIDVALIDITY ${folder.uidValidity}] UIDs valid`)
  wire.untagged(`OK [UIDNEXT ${folder.uidNext}] Predicted next UID`)
  wire.untagged(`OK [HIGHESTMODSEQ ${selected.modSeq}] Highest`)
  wire.untagged(`OK [MAILBOXID (${folder.mailboxId})] Ok`)
}

/** RFC 9051 §6.3.2: a LIST response, with OLDNAME for a name that was given in another form than it is kept in. */
function tellName(given: string, folder: FolderRecord, session: Session, wire: Wire): void {
  const path = keptName(given)
  const isOwn = folder.accountId === session.account.id
  const writer = new ResponseWriter()
  writer.utf8 = session.utf8
  writeListEntry(writer, {
    path,
    // Whether there is anything below a mailbox of somebody else that may be seen, LIST finds out.
    attributes: isOwn ? attributesOf({ path, folder }, false) : [],
    ...(path === given ? {} : { oldName: given }),
  })
  wire.write(writer.takeBuffer())
}

function firstUnseen({ folder, messages, count }: SelectedFolder): number {
  if (folder.unseen === 0) return 0
  for (let row = 0; row < count; row++) {
    if (!(messages.bitsAt(row) & SEEN)) return row + 1
  }
  return 0
}

/** RFC 7162 §3.2.5: what the client missed since it last had this mailbox. */
async function resync(session: Session, given: Qresync, wire: Wire): Promise<void> {
  const { selected } = session
  // Another UIDVALIDITY: nothing the client knows holds any more.
  if (given.uidValidity !== selected.folder.uidValidity) return
  const { changed, vanished } = await selected.missedSince(given.modSeq)
  const known = given.knownUids && mergeRanges([...given.knownUids])
  const gone = known === null ? vanished : intersectRanges(vanished, known)
  if (gone.length > 0) wire.untagged(`VANISHED (EARLIER) ${formatSequenceSet(gone)}`)
  for (const uid of changed) {
    if (known !== null && !holdsNumber(known, uid)) continue
    const response = selected.currentFlags(uid)
    if (response !== undefined) wire.untagged(response)
    await wire.room()
  }
}
