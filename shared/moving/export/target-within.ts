import type { ExportTarget } from './target.ts'

/** A folder of a target, as a target. */
export function targetWithin(target: ExportTarget, folder: string): ExportTarget {
  const at = (path: string) => (path === '' ? folder : `${folder}/${path}`)
  return {
    parallel: target.parallel,
    makeFolder: (path) => target.makeFolder(at(path)),
    write: (file) => target.write({ ...file, path: () => at(file.path()) }),
    note: (path, line) => target.note(at(path), line),
    read: (path) => target.read(at(path)),
    list: (path) => target.list(at(path)),
    rename: (from, to) => target.rename(at(from), at(to)),
    remove: (path) => target.remove(at(path)),
    removeFolder: (path) => target.removeFolder(at(path)),
    link: (path, to) => target.link(at(path), to),
  }
}
