// What became of an export: told as JSON and as text.

import type { SourceNote } from '../mailboxes/source.ts'

/** Notes kept for one folder; all are counted. */
export const NOTES_MAX = 100

export type ExportedFolder = {
  readonly path: string
  /** In the export, from the root. */
  readonly place: string
  readonly uidValidity: number
  readonly specialUses: readonly string[]
  readonly messages: number
  readonly bytes: number
  /** By this run; the others were there. */
  readonly written: number
  /** Of messages that are gone here. */
  readonly removed: number
  readonly notes: readonly SourceNote[]
  readonly notesCount: number
}

export type ExportReport = {
  readonly account: string
  readonly format: 'maildir' | 'mbox'
  readonly folders: readonly ExportedFolder[]
  readonly subscribed: number
  readonly scripts: number
  readonly notes: readonly SourceNote[]
}

export type ExportStep = { readonly messages: number; readonly bytes: number }

export class Notes {
  readonly kept: SourceNote[] = []
  count = 0

  add(about: string, reason: string): void {
    this.count++
    if (this.kept.length < NOTES_MAX) this.kept.push({ about, reason })
  }
}

export const sumOf = (folders: readonly ExportedFolder[], of: (one: ExportedFolder) => number) =>
  folders.reduce((sum, folder) => sum + of(folder), 0)
