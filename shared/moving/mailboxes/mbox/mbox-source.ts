// Mail in mboxes, as Dovecot, Thunderbird, mail programs of Unix and Google Takeout write them, read only.

import { basename, join } from 'node:path'
import { decodedName } from '../maildir/folder-files.ts'
import { DOVECOT_FORMAT, popIdsBy } from '../maildir/pop-ids.ts'
import { type MailSource, type OpenSource, SourceFailure, type SourceNote } from '../source.ts'
import { type Zone, zoneOf } from './from-line.ts'
import { placeOf } from './labels.ts'
import { MBOX_FOLDERS_MAX, type MboxFolder, openFile, readMboxes } from './layout.ts'
import { type MboxEntry, mboxEntries } from './mbox-file.ts'
import { type MboxTerms, openMboxFile } from './mbox-messages.ts'

export type MboxOptions = {
  /** Where INBOX is, if not among the others. */
  readonly inbox?: string | undefined
  /** Of the times in its From lines, which say none: `+0100`, or a name as `Europe/Berlin`. */
  readonly timezone?: string | undefined
  /** Lines `>From ` were quoted as mboxrd has it, and lose a `>`. Without this they stay: a wrong guess breaks signatures. */
  readonly unquote?: boolean | undefined
  /** Of Google Takeout: folders are the labels in the messages, and not the files. */
  readonly labels?: boolean | undefined
  /** `pop3_uidl_format` of the server that gave the uids; undefined: Dovecot's own. */
  readonly popIdFormat?: string | undefined
}

const SUBSCRIPTIONS_BYTES_MAX = 16 * 1024 ** 2

export async function openMbox(
  root: string,
  { inbox, timezone = 'UTC', unquote = false, labels = false, popIdFormat }: MboxOptions = {},
): Promise<MailSource> {
  const popIds = popIdsBy(popIdFormat ?? DOVECOT_FORMAT)
  if (popIds === undefined) {
    throw new SourceFailure(`names by ${JSON.stringify(popIdFormat)} only Dovecot can work out`)
  }
  const zone = zoneOf(timezone)
  if (zone === undefined) throw new SourceFailure(`${timezone} is no time zone`)
  const found = await readMboxes(root, inbox)
  const { folders, notes: foundNotes } = labels ? await byLabels(found, zone) : found
  const notes = [...foundNotes]
  const byNames = new Map(folders.map((folder) => [folder.names.join('\0'), folder]))
  return {
    identity: `mbox:${root}`,
    folders: async () => folders,
    async open({ names }) {
      const folder = byNames.get(names.join('\0'))
      if (folder === undefined) throw new SourceFailure(`no folder ${names.join('/')}`)
      return openFolder(folder, { zone, unquote, popIds })
    },
    async subscriptions() {
      const path = join(root, '.subscriptions')
      const text = await found.own?.text(path, SUBSCRIPTIONS_BYTES_MAX).catch((error) => {
        if (!(error instanceof SourceFailure)) throw error
        notes.push({ about: '.subscriptions', reason: error.message })
        return undefined
      })
      if (text === undefined) return undefined
      const lines = text.split('\n').filter((line) => line !== '')
      return [['INBOX'], ...lines.map((line) => line.split('/').map(decodedName))]
    },
    scripts: async () => [],
    notes: () => notes,
    close: async () => undefined,
  }
}

type Folder = MboxFolder & {
  /** Undefined: all of the file. */
  readonly entries?: readonly MboxEntry[]
}

/** A file in which messages have no labels stays a folder. Memory: some hundred bytes for each message. */
async function byLabels(
  found: Awaited<ReturnType<typeof readMboxes>>,
  zone: Zone,
): Promise<{ readonly folders: readonly Folder[]; readonly notes: readonly SourceNote[] }> {
  const folders = new Map<string, Folder & { readonly entries: MboxEntry[] }>()
  let left = 0
  for (const folder of found.folders) {
    await using file = await openFile(folder)
    for await (const entry of mboxEntries(file, zone)) {
      const { labels } = entry.status
      const { names, others } =
        labels === undefined ? { names: folder.names, others: [] } : placeOf(labels)
      left += others.length
      // Of one file: another one may have the same label, and then its name is behind it.
      const isOthers = (at: string) => (folders.get(at)?.file ?? folder.file) !== folder.file
      const plain = names.join('\0')
      const key = isOthers(plain) ? `${plain} (${basename(folder.file)})` : plain
      const one = folders.get(key) ?? {
        ...folder,
        names: key.split('\0'),
        entries: [],
      }
      one.entries.push(entry)
      folders.set(key, one)
      if (folders.size > MBOX_FOLDERS_MAX) {
        throw new SourceFailure(`more than ${MBOX_FOLDERS_MAX} labels`)
      }
    }
  }
  const notes = [...found.notes]
  if (left > 0) {
    const reason = `each message comes once: ${left} more labels of messages do not`
    notes.push({ about: 'labels', reason })
  }
  return { folders: [...folders.values()], notes }
}

async function openFolder(
  folder: Folder,
  terms: Pick<MboxTerms, 'zone' | 'unquote' | 'popIds'>,
): Promise<OpenSource> {
  const isInbox = folder.names.length === 1 && folder.names[0] === 'INBOX'
  const file = await openFile(folder)
  const { ctimeMs } = await file.stat()
  return openMboxFile(file, {
    ...terms,
    popIds: isInbox ? terms.popIds : undefined,
    entries: folder.entries,
    async untouched() {
      const now = await file.stat()
      if (now.ctimeMs === ctimeMs) return
      throw new SourceFailure(
        `${folder.file} was written to while it was read; the same command goes on`,
      )
    },
  })
}
