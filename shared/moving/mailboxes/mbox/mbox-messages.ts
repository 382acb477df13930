// The messages of one mbox, whichever kind of file it is: what is known of each, and its bytes.

import { createHash } from 'node:crypto'
import type { PopIds } from '../maildir/pop-ids.ts'
import { type OpenSource, SourceFailure, type SourceMessage } from '../source.ts'
import type { Zone } from './from-line.ts'
import { HEADER_BYTES_MAX, type MboxEntry, mboxEntries, type ReadableFile } from './mbox-file.ts'
import { requoted } from './quoting.ts'
import { shownHeader } from './status-header.ts'

export type MboxTerms = {
  readonly zone: Zone
  readonly unquote: boolean
  /** What POP3 called messages that have a uid; undefined: it had none of them. */
  readonly popIds?: PopIds | undefined
  /**
   * Of a file that a server may write to: throws SourceFailure when it did. A server that removes a message moves all that stands behind it, and
   * what is read is half of one and half of another.
   */
  readonly untouched?: () => Promise<void>
  /** Undefined: all of the file. */
  readonly entries?: readonly MboxEntry[] | undefined
}

/** The file is closed with it. */
export async function openMboxFile(
  file: ReadableFile & { close(): Promise<void> },
  { zone, unquote, popIds, untouched, entries: known }: MboxTerms,
): Promise<OpenSource> {
  const entries = known ?? (await Array.fromAsync(mboxEntries(file, zone)))
  const base = entries[0]?.status.base
  const byKey = new Map<string, MboxEntry>()

  const popIdOf = (uid: number, { uidValidity }: NonNullable<typeof base>) =>
    popIds?.('', { uid, popId: undefined, popOrder: undefined, guid: undefined }, uidValidity)

  const bytesOf = (entry: MboxEntry): AsyncIterable<Uint8Array> => {
    const stored = whole(messageBytes(file, entry))
    return unquote ? requoted(stored, -1) : stored
  }

  async function* whole(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* bytes
    await untouched?.()
  }

  /** By its bytes; of those that are alike by which one it is. Its place in the file changes when one before it goes. */
  async function keyOf(entry: MboxEntry, seen: Map<string, number>): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of messageBytes(file, entry)) hash.update(chunk)
    const digest = hash.digest('hex').slice(0, 40)
    const n = (seen.get(digest) ?? 0) + 1
    seen.set(digest, n)
    return `${digest}.${n}`
  }

  return {
    numbers: base && {
      uidValidity: base.uidValidity,
      uidNext: base.lastUid + 1,
      highestModSeq: undefined,
    },
    count: undefined,
    async *messages() {
      const seen = new Map<string, number>()
      for (const { entry, uid } of numbered(entries, base?.lastUid ?? 0)) {
        const key =
          uid === undefined || base === undefined
            ? await keyOf(entry, seen)
            : `${base.uidValidity}.${uid}`
        byKey.set(key, entry)
        yield {
          key,
          ...(uid !== undefined && { formerKey: () => keyOf(entry, seen) }),
          uid,
          flags: entry.status.flags,
          bytes: entry.end - entry.start,
          internalDateMs: entry.dateMs,
          saveDateMs: undefined,
          popId: uid !== undefined && base !== undefined ? popIdOf(uid, base) : undefined,
        } satisfies SourceMessage
      }
    },
    async *read(messages) {
      for (const message of messages) {
        const entry = byKey.get(message.key)
        if (entry !== undefined) yield { message, bytes: bytesOf(entry) }
      }
    },
    async close() {
      byKey.clear()
      await file.close()
    },
  }
}

/**
 * With the uids that the server gave: no higher than the last one that it says to have given, and ascending. What a stranger wrote into a message that
 * no server has seen yet is no uid. Those without one come behind.
 */
function numbered(
  entries: readonly MboxEntry[],
  lastUid: number,
): { readonly entry: MboxEntry; readonly uid: number | undefined }[] {
  let last = 0
  const all = entries
    .filter(({ status }) => !status.pseudo)
    .map((entry) => {
      const { uid } = entry.status
      if (uid === undefined || uid <= last || uid > lastUid) return { entry, uid: undefined }
      last = uid
      return { entry, uid }
    })
  return [
    ...all.filter(({ uid }) => uid !== undefined),
    ...all.filter(({ uid }) => uid === undefined),
  ]
}

/** Without the lines that speak of it. A header that is too large to be one stays as it is. */
async function* messageBytes(
  file: ReadableFile,
  { start, body, end }: MboxEntry,
): AsyncGenerator<Uint8Array> {
  const hasHeader = body - start <= HEADER_BYTES_MAX
  if (hasHeader) {
    const header: Uint8Array[] = []
    for await (const piece of span(file, start, body)) header.push(piece)
    const shown = shownHeader(Buffer.concat(header).toString('latin1'))
    if (shown !== '') yield Buffer.from(shown, 'latin1')
  }
  yield* span(file, hasHeader ? body : start, end)
}

const READ_BYTES = 256 * 1024

async function* span(file: ReadableFile, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) throw new SourceFailure('the file got shorter while it was read')
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
