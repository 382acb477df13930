// Folders of a source have names of their own. On a disk two may be decoded to the same: `.INBOX` beside the INBOX of a Maildir, `Work` and `Work.mbox`, a
// name in UTF-7 and in UTF-8. Each that is not the first has what it is called there behind its name, so that none hides another.

import type { SourceFolder } from './source.ts'

/** `calledThere`: its own for each. */
export function distinctFolders<Folder extends SourceFolder>(
  folders: readonly Folder[],
  calledThere: (folder: Folder) => string,
): readonly Folder[] {
  const taken = new Set<string>()
  return folders.map((folder) => {
    const { names } = folder
    const isFirst = !taken.has(names.join('\0'))
    const own = [...names.slice(0, -1), `${names.at(-1)} (${calledThere(folder)})`]
    taken.add((isFirst ? names : own).join('\0'))
    return isFirst ? folder : { ...folder, names: own }
  })
}
