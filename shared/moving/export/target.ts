// Where the files of an export go. A folder keeps what an earlier run wrote, so that it may be killed and begun again; an archive is
// written once, from front to end.

export interface ExportTarget {
  /** An earlier run may have left something there. */
  readonly isKept: boolean
  /** Files that may be written at the same time. */
  readonly parallel: number
  /** Also what is above it. */
  makeFolder(path: string): Promise<void>
  /** Whole or not at all. */
  write(file: ExportFile): Promise<void>
  /** Adds a line to a file that says how far the export is; nothing where an export is never begun again. */
  note(path: string, line: string): Promise<void>
  /** What is there; undefined: no such file. */
  read(path: string): Promise<AsyncIterable<Uint8Array> | undefined>
  /** The time that a file was given, to the second or finer; undefined: none was, or there is no such file. */
  changedMs(path: string): Promise<number | undefined>
  /** Names and sizes of files directly in a folder. */
  list(path: string): Promise<ReadonlyMap<string, number>>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** If nothing is in it. */
  removeFolder(path: string): Promise<void>
  /** `to` is what it leads to, from where it is; false: there are no links. */
  link(path: string, to: string): Promise<boolean>
}

/** As an export is compared: nothing is changed. */
export type WrittenFiles = Pick<ExportTarget, 'read' | 'list' | 'changedMs'>

export type ExportFile = {
  /** Asked for when all bytes were taken, where that can be waited for; before, where the name has to come first. */
  readonly path: () => string
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Undefined: now. */
  readonly changedMs?: number | undefined
}

/** It cannot be written there. The message is for people. */
export class TargetFailure extends Error {
  override readonly name = 'TargetFailure'
}

export const textFile = (path: string, text: string): ExportFile => ({
  path: () => path,
  bytes: [Buffer.from(text)],
})
