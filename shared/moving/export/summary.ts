// What an export says of itself in its root: whose mail it is, in which form, which folders the runs so far wrote, and whether the last of them
// came to its end. By it nothing is written over the mail of somebody else, and folders that are gone here are found.

import type { ExportedFolder, ExportReport } from './report.ts'
import { type ExportTarget, TargetFailure, textFile, type WrittenFiles } from './target.ts'

type Format = ExportReport['format']

/** Beside mboxes a file that is none must not look like one. */
const fileOf = {
  maildir: 'postwolke-export.json',
  mbox: '.postwolke-export.json',
} as const satisfies { readonly [format in Format]: string }

const formats = ['maildir', 'mbox'] as const satisfies readonly Format[]

const SUMMARY_BYTES_MAX = 64 * 1024 ** 2

export type Summary = {
  readonly account: string
  readonly folders: readonly SummedFolder[]
}

/** `place` is what a file said: whoever reads it decides what it may lead to. */
export type SummedFolder = { readonly path: string; readonly place: string }

/** Undefined: there is none. */
export async function readSummary(
  target: WrittenFiles,
  format: Format,
): Promise<Summary | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (await target.read(fileOf[format])) ?? []) {
    bytes += chunk.length
    if (bytes > SUMMARY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
  const { account, folders } = Object(parsed)
  if (typeof account !== 'string' || !Array.isArray(folders)) return undefined
  return { account, folders: folders.filter(isFolder) }
}

const isFolder = (value: unknown): value is SummedFolder => {
  const { path, place } = Object(value)
  return typeof path === 'string' && typeof place === 'string'
}

/** What an earlier run wrote, if there was one; rejects where the place is somebody else's, or has another form. */
export async function ownSummary(
  target: WrittenFiles,
  { account, format }: Pick<ExportReport, 'account' | 'format'>,
): Promise<Summary | undefined> {
  for (const one of formats) {
    const found = await readSummary(target, one)
    if (found === undefined) continue
    if (found.account !== account) {
      throw new TargetFailure(
        `an export of ${found.account} is there; ${account} needs a place of its own`,
      )
    }
    if (one !== format) {
      throw new TargetFailure(`an export as ${one} is there; ${format} needs a place of its own`)
    }
    return found
  }
  return undefined
}

/** For a comparison: rejects where nothing was written. */
export async function writtenSummary(
  files: WrittenFiles,
  whose: Pick<ExportReport, 'account' | 'format'>,
): Promise<Summary> {
  const found = await ownSummary(files, whose)
  if (found !== undefined) return found
  throw new TargetFailure(`no export of ${whose.account} as ${whose.format} is there`)
}

/** Before the first message: from now on it is an export of this account that is not whole, and whatever a kill leaves has a name. */
export async function writeBegun(
  target: ExportTarget,
  { account, format }: Pick<ExportReport, 'account' | 'format'>,
  folders: readonly SummedFolder[],
): Promise<void> {
  if (!target.isKept) return
  const begun = { version: 1, account, format, whole: false, folders: joined(folders) }
  await target.write(textFile(fileOf[format], `${JSON.stringify(begun, null, 2)}\n`))
}

/** The same each time as long as the mailbox is. `others`: folders that this run was not to write; undefined: it was to write all. */
export async function writeSummary(
  target: ExportTarget,
  { account, format, folders, notes }: ExportReport,
  others: readonly SummedFolder[] | undefined,
): Promise<void> {
  const summary = {
    version: 1,
    account,
    format,
    // For people: the last run came to its end, and wrote all folders.
    whole: others === undefined,
    folders: joined([...folders.map(summed), ...(others ?? [])]),
    notes,
  }
  await target.write(textFile(fileOf[format], `${JSON.stringify(summary, null, 2)}\n`))
}

/** Of two in one place the first. */
const joined = (folders: readonly SummedFolder[]) => {
  const byPlace = new Map(folders.toReversed().map((folder) => [folder.place, folder]))
  return folders.filter((folder) => byPlace.get(folder.place) === folder)
}

const summed = ({
  path,
  place,
  uidValidity,
  specialUses,
  messages,
  bytes,
  notes,
}: ExportedFolder) => ({ path, place, uidValidity, specialUses, messages, bytes, notes })
