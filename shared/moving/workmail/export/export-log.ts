// The log that WorkMail puts beside an export: what it holds by its own account. Numbers in it are texts.

import { numberIn } from '../json.ts'

export type ExportLog = {
  readonly messages: number
  readonly folders: number | undefined
  readonly bytes: number | undefined
  /** What it could not export. */
  readonly nonExportable: number
}

/** Undefined: it is none. */
export function parseExportLog(text: string): ExportLog | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const messages = numberIn(value, 'totalMessages')
  if (messages === undefined) return undefined
  return {
    messages,
    folders: numberIn(value, 'totalFolders'),
    bytes: numberIn(value, 'totalBytes'),
    nonExportable: numberIn(value, 'totalNonExportableItems') ?? 0,
  }
}

export type Counted = {
  readonly mail: number
  readonly calendar: number
  readonly contacts: number
  readonly unknown: number
  readonly faulty: number
}

/** For people: what the log says and the archive does not hold. Whether it counts items of calendars as messages is not known. */
export function differences(log: ExportLog, counted: Counted): readonly string[] {
  const { mail, calendar, contacts, unknown, faulty } = counted
  const all = mail + calendar + contacts + unknown + faulty
  const said: string[] = []
  if (all < log.messages) {
    said.push(`the log says ${log.messages} messages, and the archive has ${all} items`)
  } else if (mail > log.messages) {
    said.push(`the log says ${log.messages} messages, and the archive has ${mail}`)
  }
  if (log.nonExportable > 0) {
    said.push(`WorkMail could not export ${log.nonExportable} items, which stay there`)
  }
  return said
}
