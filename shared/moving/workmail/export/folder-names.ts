// Which folder an exported file was in, by its path. How exports are laid out is not published, so any tree is taken for folders, but for what
// stands before all of them: the job, the mailbox.

/** As mailboxes of WorkMail begin, in lower case. */
const usualFolders: ReadonlySet<string> = new Set([
  'inbox',
  'sent items',
  'sent',
  'drafts',
  'deleted items',
  'junk e-mail',
  'junk email',
  'outbox',
  'calendar',
  'contacts',
  'tasks',
  'notes',
])

/** Names of what stands around a file. Nothing of it ever names a file here, so that what would climb is left out, and no more. */
export function segmentsOf(path: string): readonly string[] {
  return path
    .split('/')
    .map((segment) => segment.replaceAll('\0', '').trim())
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
}

/**
 * How many names at the beginning of all paths are of no folder: those that all have, as long as they look like an id or an address, or
 * one of the usual folders is below them.
 */
export function rootDepth(folders: readonly (readonly string[])[]): number {
  const [first = []] = folders
  for (let depth = 0; depth < first.length; depth++) {
    const name = first[depth] ?? ''
    const isOfAll = folders.every((segments) => segments[depth] === name)
    if (!isOfAll || isUsual(name)) return depth
    const hasUsualBelow = folders.some((segments) => isUsual(segments[depth + 1] ?? ''))
    if (!hasUsualBelow && !isMark(name)) return depth
  }
  return first.length
}

const isUsual = (name: string) => usualFolders.has(name.toLowerCase())

/** Ids of WorkMail and of its jobs, addresses, names of exports. */
const isMark = (name: string) => /[0-9a-f]{8}-?[0-9a-f]{4}|^S-1-1-|@|export|mailbox/i.test(name)

/** INBOX has one name everywhere; what lies in no folder is put there. */
export function folderNames(segments: readonly string[], depth: number): readonly string[] {
  const [top = 'INBOX', ...below] = segments.slice(depth)
  return [top.toLowerCase() === 'inbox' ? 'INBOX' : top, ...below]
}
