// A mailbox of another system looked over before anything is brought: what is in it, how much that is, and how fast it can be read.

import { performance } from 'node:perf_hooks'
import { digestOf } from './digest.ts'
import { readable, unlessUnreadable } from './readable.ts'
import type { MailSource, SourceMessage, SourceNote } from './source.ts'
import { keptFlags } from './source-flags.ts'
import { targetPaths } from './target-paths.ts'

/** Messages that are read for the measure, of each folder. */
const READ_FOR_RATE = 50

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
  /** Read for the measure, in how many milliseconds; unreadable ones are among the notes. */
  readonly sample: { readonly messages: number; readonly ms: number }
  readonly scripts: number
  readonly notes: readonly SourceNote[]
}

export async function surveyMailbox(source: MailSource): Promise<MailboxSurvey> {
  const folders: FolderSurvey[] = []
  const sample = { messages: 0, ms: 0 }
  for (const { folder, path } of targetPaths(await source.folders(), () => undefined)) {
    if (!folder.selectable) continue
    const opened = await source.open(folder)
    try {
      const first: SourceMessage[] = []
      let [messages, bytes, droppedFlags] = [0, 0, 0]
      for await (const message of opened.messages()) {
        messages++
        bytes += message.bytes ?? 0
        droppedFlags += keptFlags(message.flags).dropped.length
        if (first.length < READ_FOR_RATE) first.push(message)
      }
      const keepsUids = opened.numbers !== undefined
      folders.push({ names: folder.names, path, messages, bytes, keepsUids, droppedFlags })
      const startMs = performance.now()
      for await (const { bytes: stream } of opened.read(first)) {
        await digestOf(readable(stream)).catch(unlessUnreadable)
        sample.messages++
      }
      sample.ms += performance.now() - startMs
    } finally {
      await opened.close()
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
    notes: source.notes(),
  }
}
