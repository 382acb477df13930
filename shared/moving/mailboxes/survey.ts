// A mailbox of another system looked over before anything is brought: what is in it, how much that is, and how fast it can be read.

import { performance } from 'node:perf_hooks'
import { defaultFolders } from '#shared/mailbox/new-folder.ts'
import { wanted } from './copy-mailbox.ts'
import { digestOf } from './digest.ts'
import { bringRights } from './folder-extras.ts'
import { readable, Unreadable, unlessUnreadable } from './readable.ts'
import {
  type MailSource,
  type OpenSource,
  SourceFailure,
  type SourceMessage,
  type SourceNote,
} from './source.ts'
import { keptFlags } from './source-flags.ts'
import { targetPaths } from './target-paths.ts'

/** Messages that are read for the measure, of each folder and of all. */
const READ_FOR_RATE = 50
const READ_OF_ALL = 500
/** And bytes: a source may be far away. */
const READ_BYTES_OF_ALL = 32 * 1024 ** 2

export type FolderSurvey = {
  readonly names: readonly string[]
  readonly path: string
  readonly messages: number
  readonly bytes: number
  readonly keepsUids: boolean
  readonly droppedFlags: number
}

export type MailboxSurvey = {
  readonly folders: readonly FolderSurvey[]
  readonly messages: number
  readonly bytes: number
  /** Read for the measure, in how many milliseconds; what cannot be read is among the notes. */
  readonly sample: { readonly messages: number; readonly ms: number }
  readonly scripts: number
  readonly notes: readonly SourceNote[]
}

/** As an account has them at first. */
const pathOfDefault = (use: string) =>
  defaultFolders.find(({ specialUses }) => specialUses.some((one) => one === use))?.name

export async function surveyMailbox(source: MailSource): Promise<MailboxSurvey> {
  const folders: FolderSurvey[] = []
  const sample = { messages: 0, ms: 0 }
  const told: SourceNote[] = []
  let sampleBytes = 0
  for (const { folder, path } of targetPaths(
    (await source.folders()).filter(wanted({})),
    pathOfDefault,
  )) {
    if (!folder.selectable) continue
    let opened: OpenSource | undefined
    try {
      opened = await source.open(folder)
      const first: SourceMessage[] = []
      let [messages, bytes, droppedFlags] = [0, 0, 0]
      for await (const message of opened.messages()) {
        messages++
        bytes += message.bytes ?? 0
        droppedFlags += keptFlags(message.flags).dropped.length
        if (first.length >= READ_FOR_RATE || sample.messages + first.length >= READ_OF_ALL) continue
        if (sampleBytes + (message.bytes ?? 0) > READ_BYTES_OF_ALL) continue
        sampleBytes += message.bytes ?? 0
        first.push(message)
      }
      const keepsUids = opened.numbers !== undefined
      folders.push({ names: folder.names, path, messages, bytes, keepsUids, droppedFlags })
      const startMs = performance.now()
      for await (const { bytes: stream } of opened.read(first)) {
        const read = await digestOf(readable(stream)).catch(unlessUnreadable)
        if (!(read instanceof Unreadable)) sample.messages++
        else if (!read.isGone) told.push({ about: path, reason: read.message })
      }
      sample.ms += performance.now() - startMs
      for (const { who, rights, outcome } of await bringRights(source, folder, path, undefined)) {
        told.push({ about: path, reason: `rights of ${who} (${rights}): ${outcome}` })
      }
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      told.push({ about: path, reason: error.message })
    } finally {
      await opened?.close()
    }
  }
  const sum = (of: (folder: FolderSurvey) => number) =>
    folders.reduce((all, folder) => all + of(folder), 0)
  return {
    folders,
    messages: sum(({ messages }) => messages),
    bytes: sum(({ bytes }) => bytes),
    sample,
    scripts: (await source.scripts()).length,
    notes: [...told, ...source.notes()],
  }
}
