// Where the folders of another system go here: special uses first (RFC 6154), then names that mail programs give such folders, then their own
// names. Several may lead to one folder.

import { createHash } from 'node:crypto'
import {
  DELIMITER,
  FOLDER_DEPTH_MAX,
  FOLDER_NAME_BYTES_MAX,
  FOLDER_PATH_BYTES_MAX,
  type FolderTree,
  INBOX,
  normalTop,
} from '#shared/mailbox/folder-path.ts'
import { specialUses } from '#shared/mailbox/special-use.ts'
import type { SourceFolder } from './source.ts'

export type TargetPath = {
  readonly folder: SourceFolder
  /** Of ours. */
  readonly path: string
  /** To be given to it, where no folder of the account has it. */
  readonly uses: readonly string[]
  /** Its name had to be changed. */
  readonly renamed: boolean
}

/** Names of folders for a purpose where the source says none, in lower case: of Outlook, Apple Mail, Thunderbird, Exchange, Gmail, Roundcube. */
const usualNames: { readonly [name: string]: string } = {
  sent: '\\Sent',
  'sent items': '\\Sent',
  'sent messages': '\\Sent',
  'sent mail': '\\Sent',
  'sent-mail': '\\Sent',
  'gesendete objekte': '\\Sent',
  'gesendete elemente': '\\Sent',
  gesendet: '\\Sent',
  drafts: '\\Drafts',
  entwürfe: '\\Drafts',
  trash: '\\Trash',
  'deleted items': '\\Trash',
  'deleted messages': '\\Trash',
  'gelöschte objekte': '\\Trash',
  'gelöschte elemente': '\\Trash',
  papierkorb: '\\Trash',
  junk: '\\Junk',
  spam: '\\Junk',
  'junk e-mail': '\\Junk',
  'junk email': '\\Junk',
  'bulk mail': '\\Junk',
  'junk-e-mail': '\\Junk',
  archive: '\\Archive',
  archives: '\\Archive',
  archiv: '\\Archive',
}

/** Of the account's folder that has the use; undefined where none has it. */
export function pathOfUse(tree: FolderTree, use: string): string | undefined {
  const folder = tree.folders.find(({ specialUses }) => specialUses.includes(use))
  return folder && tree.pathOf(folder)
}

/** `whereIs`: the path of the account's folder that has a use; undefined where none has it. */
export function targetPaths(
  folders: readonly SourceFolder[],
  whereIs: (use: string) => string | undefined,
): readonly TargetPath[] {
  const said = new Set(folders.flatMap(({ uses }) => uses))
  const own = new Map<string, { readonly path: string; readonly uses: readonly string[] }>()
  // From the top of the tree: what is below a folder goes where it goes.
  const sorted = folders.toSorted((a, b) => a.names.length - b.names.length)
  const used = new Set<string>()
  const found: TargetPath[] = []
  for (const folder of sorted) {
    const use = useOf(folder, said)
    const standing = use === undefined ? undefined : whereIs(use)
    const above = own.get(placeOf(folder.names.slice(0, -1)))
    const { path, renamed } =
      standing !== undefined && use !== undefined
        ? { path: standing, renamed: false }
        : ownPath(folder.names, above?.path)
    const uses = use !== undefined && standing === undefined && !used.has(use) ? [use] : []
    if (use !== undefined) used.add(use)
    own.set(placeOf(folder.names), { path, uses })
    found.push({ folder, path, uses, renamed })
  }
  return found
}

/** The use of a folder that has one of ours. INBOX has none, whatever it is called below. */
function useOf({ names, uses }: SourceFolder, said: ReadonlySet<string>): string | undefined {
  if (names.length === 1 && normalTop(names[0] ?? '') === INBOX) return undefined
  const known = uses.find((use) => specialUses.some((one) => one === use))
  if (known !== undefined) return known
  const usual = names.length === 1 ? usualNames[(names[0] ?? '').toLowerCase()] : undefined
  // Where the source says which one it is, names say nothing.
  return usual !== undefined && !said.has(usual) ? usual : undefined
}

const placeOf = (names: readonly string[]) => names.join('\0')

function ownPath(
  names: readonly string[],
  above: string | undefined,
): { readonly path: string; readonly renamed: boolean } {
  const below = above === undefined ? names : names.slice(-1)
  const named = below.map(folderName)
  if (above === undefined) named[0] = normalTop(named[0] ?? '')
  const parts = above === undefined ? named : [...above.split(DELIMITER), ...named]
  const fitted = fitPath(parts)
  const renamed =
    fitted.length !== parts.length ||
    named.some((name, i) => name !== INBOX && name !== below[i]?.normalize('NFC'))
  return { path: fitted.join(DELIMITER), renamed }
}

/** A name as it can be one here. */
function folderName(name: string): string {
  const clean = name.normalize('NFC').replace(/[\0-\x1f\x7f/]/g, '_')
  return Buffer.byteLength(clean) <= FOLDER_NAME_BYTES_MAX ? clean : shortened(clean)
}

/** What is too deep or too long is put together at the last level that there is. */
function fitPath(parts: readonly string[]): readonly string[] {
  let fitted = [...parts]
  const tooDeep = fitted.length - FOLDER_DEPTH_MAX
  if (tooDeep > 0) {
    fitted = [
      ...fitted.slice(0, FOLDER_DEPTH_MAX - 1),
      shortened(fitted.slice(FOLDER_DEPTH_MAX - 1).join('_')),
    ]
  }
  while (Buffer.byteLength(fitted.join(DELIMITER)) > FOLDER_PATH_BYTES_MAX && fitted.length > 1) {
    fitted = [...fitted.slice(0, -2), shortened(fitted.slice(-2).join('_'))]
  }
  return fitted
}

const HASH_CHARACTERS = 8
const SHORTENED_BYTES = 120

/** Its beginning, and what tells it from others that begin so. */
function shortened(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARACTERS)
  const beginning = new TextDecoder().decode(Buffer.from(name).subarray(0, SHORTENED_BYTES))
  return `${beginning.replace(/\uFFFD+$/, '')}~${hash}`
}
