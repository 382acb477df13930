// Dates of messages whose files were copied without their times: each is then of the copy, and later than the moment that the name of the file was made
// in. INTERNALDATE is asked of the message itself: when our side received it last, else the name, else when it was sent.

import type { Stats } from 'node:fs'
import { forEachField, unfold } from '#shared/mail/header-field.ts'
import { parseSentDate } from '#shared/mail/sent-date.ts'
import type { OwnFiles } from '../own-files.ts'
import { secondsIn } from './file-name.ts'
import { openMessage } from './message-file.ts'

type File = { readonly base: string; readonly path: Buffer }

/** Files looked at, from all over the folder, before anything is said of it. */
export const SAMPLE_FILES = 200
/** A server that renames or appends does so in the hour. */
export const LATE_MS = 3_600_000
/** Of a folder that was copied so; the others came since. */
const LATE_SHARE = 0.5
const HEADER_BYTES_MAX = 256 * 1024

/** Nobody writes a file long after its name, but who copies it. */
const isLate = ({ base }: Pick<File, 'base'>, { mtimeMs }: Stats) => {
  const seconds = secondsIn(base)
  return seconds !== undefined && mtimeMs > seconds * 1_000 + LATE_MS
}

export async function areDatesLost<Listed extends Pick<File, 'base'>>(
  files: readonly Listed[],
  statsOf: (file: Listed) => Promise<Stats | undefined>,
): Promise<boolean> {
  const step = Math.max(1, Math.floor(files.length / SAMPLE_FILES))
  const some = files.filter((_, i) => i % step === 0)
  const found = await Promise.all(some.map(statsOf))
  let [late, named] = [0, 0]
  for (const [i, file] of some.entries()) {
    const stats = found[i]
    if (stats === undefined || secondsIn(file.base) === undefined) continue
    named++
    if (isLate(file, stats)) late++
  }
  return late > 0 && late > named * LATE_SHARE
}

/** In a folder of which the times are lost. */
export async function dateOf(own: OwnFiles, file: File, stats: Stats): Promise<number> {
  if (!isLate(file, stats)) return Math.floor(stats.mtimeMs)
  const { receivedMs, sentMs } = datesIn(await headerOf(own, file.path))
  const namedMs = (secondsIn(file.base) ?? 0) * 1_000
  return receivedMs ?? (namedMs > 0 ? namedMs : undefined) ?? sentMs ?? Math.floor(stats.mtimeMs)
}

/** The first Received is the last that was written (RFC 5321 §4.4); its date stands behind the last semicolon. */
export function datesIn(header: string): {
  readonly receivedMs: number | undefined
  readonly sentMs: number | undefined
} {
  let receivedMs: number | undefined
  let sentMs: number | undefined
  forEachField(header, (name, body) => {
    switch (name.toLowerCase()) {
      case 'received':
        receivedMs ??= parseSentDate(unfold(body.slice(body.lastIndexOf(';') + 1)))?.ms
        break
      case 'date':
        sentMs ??= parseSentDate(unfold(body))?.ms
    }
  })
  return { receivedMs, sentMs }
}

async function headerOf(own: OwnFiles, path: Buffer): Promise<string> {
  const file = await openMessage(own, path)
  if (file.kind !== 'bytes') return ''
  let text = ''
  try {
    for await (const chunk of file.bytes) {
      text += Buffer.from(chunk).toString('latin1')
      if (text.length > HEADER_BYTES_MAX || /\n\r?\n/.test(text)) break
    }
  } catch {
    // It is told of when it is read.
  }
  return text
}
