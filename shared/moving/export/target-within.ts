import type { ExportTarget, WrittenFiles } from './target.ts'

/** A folder of a target, as a target. */
export function targetWithin(target: ExportTarget, folder: string): ExportTarget {
  const at = within(folder)
  return {
    ...filesWithin(target, folder),
    isKept: target.isKept,
    parallel: target.parallel,
    makeFolder: (path) => target.makeFolder(at(path)),
    write: (file) => target.write({ ...file, path: () => at(file.path()) }),
    note: (path, line) => target.note(at(path), line),
    rename: (from, to) => target.rename(at(from), at(to)),
    remove: (path) => target.remove(at(path)),
    removeFolder: (path) => target.removeFolder(at(path)),
    link: (path, to) => target.link(at(path), to),
  }
}

/** The same to be compared. */
export function filesWithin(files: WrittenFiles, folder: string): WrittenFiles {
  const at = within(folder)
  return {
    read: (path) => files.read(at(path)),
    changedMs: (path) => files.changedMs(at(path)),
    list: (path) => files.list(at(path)),
  }
}

const within = (folder: string) => (path: string) => (path === '' ? folder : `${folder}/${path}`)
