// The files of another mail system, as readers ask for them: by the paths that they have there. Who gives them decides what may be read
// at all; here is what all readers share: how much is read, and how lines are told.

export type SourceFiles = {
  /** By its path in the other system, absolute or below its configuration's folder. */
  readonly read: (path: string) => FileContent
  /** Names in a folder, sorted; undefined: there is none to be read. */
  readonly list: (path: string) => readonly string[] | undefined
}

export type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Of one file. A million aliases fit. */
export const FILE_BYTES_MAX = 64 * 1024 ** 2
/** Of all files together. */
export const ALL_FILES_BYTES_MAX = 256 * 1024 ** 2
/** Files that are read for one plan. */
export const FILES_MAX = 20_000
/** Files that include each other. */
export const INCLUDES_MAX = 20

/** Keeps within the limits of a plan, whatever the files name. The same file asked for again is read once. */
export function withinLimits(files: SourceFiles): SourceFiles {
  const known = new Map<string, FileContent>()
  let left = ALL_FILES_BYTES_MAX
  const readNew = (path: string): FileContent => {
    if (path.includes('\0')) return { kind: 'refused', reason: 'a path has no NUL' }
    if (known.size >= FILES_MAX) return { kind: 'refused', reason: `more than ${FILES_MAX} files` }
    const content = files.read(path)
    if (content.kind === 'refused') return content
    left -= content.text.length
    return left >= 0
      ? content
      : { kind: 'refused', reason: `all files have more than ${ALL_FILES_BYTES_MAX} characters` }
  }
  const folders = new Map<string, readonly string[] | undefined>()
  return {
    list(path) {
      if (!folders.has(path) && folders.size < FILES_MAX) folders.set(path, files.list(path))
      return folders.get(path)
    },
    read(path) {
      const content = known.get(path) ?? readNew(path)
      if (known.size < FILES_MAX) known.set(path, content)
      return content
    },
  }
}

export type Line = { readonly line: number; readonly text: string }

/** Physical lines, from 1; without their line ends. */
export function* linesOf(text: string): Generator<Line> {
  let at = 0
  for (let line = 1; at < text.length; line++) {
    const found = text.indexOf('\n', at)
    const end = found === -1 ? text.length : found
    const isCr = end > at && text.charCodeAt(end - 1) === 0x0d
    yield { line, text: text.slice(at, isCr ? end - 1 : end) }
    at = end + 1
  }
}

/** Lines that say something: `#` begins a comment where it stands first. */
export function* contentLines(text: string): Generator<Line> {
  for (const { line, text: whole } of linesOf(text)) {
    const content = whole.trim()
    if (content !== '' && !content.startsWith('#')) yield { line, text: content }
  }
}

/** White space as C has it. */
export const isBlank = (character: string) =>
  character === ' ' || (character >= '\t' && character <= '\r')

/** Whether its first character is white space: it goes on with the line before it. */
export const isContinuation = (text: string) => text !== '' && isBlank(text.charAt(0))

/**
 * Lines as Postfix, sendmail and Courier join them: what begins with white space goes on with what stands before it, and comments and empty
 * lines between do not end it. The white space stays.
 */
export function* joinedLines(text: string): Generator<Line> {
  let parts: string[] = []
  let first = 0
  for (const { line, text: one } of linesOf(text)) {
    const content = one.trimStart()
    if (content === '' || content.startsWith('#')) continue
    if (parts.length > 0 && isContinuation(one)) {
      parts.push(one)
      continue
    }
    if (parts.length > 0) yield { line: first, text: parts.join('') }
    parts = [one]
    first = line
  }
  if (parts.length > 0) yield { line: first, text: parts.join('') }
}
