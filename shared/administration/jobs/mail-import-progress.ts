// How far an import of mail is: what has come since the last slice, which mailboxes are over, and the lines of the report that wait for a slice
// with room for them.

import type { JobError } from '#shared/jobs/job.ts'
import { OUTPUT_PART_BYTES_MAX, type Slice } from '#shared/jobs/kind.ts'
import type { MailboxReport } from '#shared/moving/mailboxes/report.ts'
import type { FolderVerdict } from '#shared/moving/mailboxes/verify-mailbox.ts'

/** A mailbox that is over. */
export type EndedMailbox = {
  /** Of the list. */
  readonly n: number
  readonly line: Uint8Array
  readonly counts?: { readonly [name: string]: number }
  /** Undefined: all of it is here. */
  readonly error?: JobError | undefined
}

export interface MailImportProgress {
  readonly isOver: (n: number) => boolean
  count(counts: { readonly [name: string]: number }): void
  end(mailbox: EndedMailbox): void
  /** What was not told yet, as far as it fits. */
  slice(): Slice
  /** There is more to tell. */
  hasMore(): boolean
  /** Every mailbox is over and told. */
  isAll(): boolean
}

/** `cursor`: of a slice before, a bit for each mailbox that is over, as base64. */
export function createMailImportProgress(cursor: string, total: number): MailImportProgress {
  const over = Buffer.alloc(Math.ceil(total / 8))
  Buffer.from(cursor, 'base64').copy(over)
  const isOver = (n: number) => ((over[n >> 3] ?? 0) & (1 << (n & 7))) !== 0
  let waiting: EndedMailbox[] = []
  let counts: { [name: string]: number } = {}
  const count = (some: { readonly [name: string]: number }) => {
    for (const [name, n] of Object.entries(some)) if (n > 0) counts[name] = (counts[name] ?? 0) + n
  }

  function fitting(): readonly EndedMailbox[] {
    let bytes = 0
    const end = waiting.findIndex(({ line }) => {
      bytes += line.length
      return bytes > OUTPUT_PART_BYTES_MAX
    })
    const some = end < 0 ? waiting : waiting.slice(0, end)
    waiting = end < 0 ? [] : waiting.slice(end)
    return some
  }

  return {
    isOver,
    count,
    end: (mailbox) => void waiting.push(mailbox),
    slice() {
      const some = fitting()
      for (const one of some) {
        over[one.n >> 3] = (over[one.n >> 3] ?? 0) | (1 << (one.n & 7))
        count(one.counts ?? {})
      }
      const errors = some.flatMap(({ error }) => error ?? [])
      const told = counts
      counts = {}
      return {
        ...{ cursor: over.toString('base64'), total, counts: told, errors },
        ...{ done: some.length - errors.length, failed: errors.length },
        ...(some.length > 0 && { output: Buffer.concat(some.map(({ line }) => line)) }),
      }
    },
    hasMore: () => waiting.length > 0,
    isAll: () => waiting.length === 0 && Array.from({ length: total }, (_, n) => n).every(isOver),
  }
}

/** As `postwolke import --report` has it: of what was brought, of what was compared, or why it was not. */
export type MailImportLine =
  | MailboxReport
  | { readonly account: string; readonly folders: readonly FolderVerdict[] }
  | { readonly account: string; readonly reason: string }

/** Of one mailbox in the report. */
const LINE_BYTES_MAX = 300_000

/** A line of NDJSON; of a mailbox whose folders have too much to tell their notes are left out, and then folders, of which it says how many. */
export function lineOf(told: MailImportLine): Uint8Array {
  const whole = bytesOf(told)
  if (whole.length <= LINE_BYTES_MAX || !('folders' in told)) return whole
  const folders = told.folders.map((folder) =>
    'differences' in folder
      ? { ...folder, differences: [] }
      : { ...folder, notes: [], droppedFlags: {} },
  )
  for (let count = folders.length; ; count = Math.floor(count / 2)) {
    const some = folders.slice(0, count)
    const left = folders.length - count
    const bytes = bytesOf({ ...told, notes: [], folders: some, foldersLeftOut: left })
    if (bytes.length <= LINE_BYTES_MAX || count === 0) return bytes
  }
}

const bytesOf = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`)
