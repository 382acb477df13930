// What readers find, gathered while they read: everything they meet ends as an item or as a note.

import { fitSetting } from './fitting-setting.ts'
import type { Foreign, MovingPlan, Note, NoteKind, Place, PlannedItem } from './plan.ts'

export type Collector = {
  readonly add: (item: PlannedItem) => void
  /** A setting of ours, if its kind takes the text; else it is noted why not. */
  readonly set: (
    path: string,
    text: string,
    of: { readonly about: string; readonly from: Place },
  ) => void
  readonly note: (kind: NoteKind, about: string, reason: string, from: Place) => void
  readonly plan: () => MovingPlan
}

/** Kept; a file that is wrong in one line is mostly wrong in all. */
export const NOTES_MAX = 10_000

export function createCollector(from: Foreign): Collector {
  const items: PlannedItem[] = []
  const notes: Note[] = []
  const told = new Set<string>()
  const note: Collector['note'] = (kind, about, reason, place) => {
    const text = JSON.stringify([kind, about, reason, place])
    // What two listeners have is read for both.
    if (notes.length >= NOTES_MAX || told.has(text)) return
    told.add(text)
    notes.push({ kind, about, reason, from: place })
  }
  return {
    add: (item) => void items.push(item),
    set(path, text, { about, from: place }) {
      const fitted = fitSetting(path, text)
      if (fitted.kind === 'fault') note('not-supported', about, fitted.reason, place)
      else items.push({ kind: 'setting', path, text: fitted.written, from: place })
    },
    note,
    plan() {
      const cut: Note = {
        kind: 'to-do',
        about: 'notes',
        reason: `only the first ${NOTES_MAX} are told: mend what they are about and read the files again`,
        from: { file: '', line: 0 },
      }
      return { from, items, notes: notes.length < NOTES_MAX ? notes : [...notes, cut] }
    },
  }
}
