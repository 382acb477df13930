// A zip of ours as files that are compared: what is read of an entry is held against its size and its check.

import { type ArchiveEntry, DamagedEntry, openArchive } from '../workmail/export/archive.ts'
import type { ByteRanges } from '../workmail/export/byte-ranges.ts'
import type { WrittenFiles } from './target.ts'

export type ReadZip = { readonly files: WrittenFiles; close(): Promise<void> }

/** Rejects with SourceFailure where it is no archive. */
export async function openWrittenZip(ranges: ByteRanges): Promise<ReadZip> {
  // An mbox may be of any size; nothing of it is kept in memory.
  const archive = await openArchive(ranges, Number.MAX_SAFE_INTEGER)
  const byPath = new Map<string, ArchiveEntry>()
  const byFolder = new Map<string, Map<string, number>>()
  for (const entry of archive.entries) {
    if (entry.isFolder) continue
    const slash = entry.path.lastIndexOf('/')
    const folder = entry.path.slice(0, Math.max(0, slash))
    const names = byFolder.get(folder) ?? new Map<string, number>()
    byFolder.set(folder, names.set(entry.path.slice(slash + 1), entry.size))
    byPath.set(entry.path, entry)
  }

  async function* read(entry: ArchiveEntry): AsyncGenerator<Uint8Array> {
    try {
      if (entry.fault !== undefined) throw new DamagedEntry(entry.fault)
      yield* archive.read(entry)
    } catch (error) {
      if (!(error instanceof DamagedEntry)) throw error
      throw new DamagedEntry(`${entry.path}: ${error.message}`)
    }
  }

  return {
    files: {
      async read(path) {
        const entry = byPath.get(path)
        return entry && read(entry)
      },
      list: async (path) => byFolder.get(path) ?? new Map(),
      changedMs: async (path) => byPath.get(path)?.modifiedMs,
    },
    close: () => archive.close(),
  }
}
