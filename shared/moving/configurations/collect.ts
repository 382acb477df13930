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
  /**
   * Counts what is gone through: rows, words, addresses, the same ones again counted again. False: it was too much, which is told, and whoever asks
   * stops. Files may name each other so that few lines stand for very many.
   */
  readonly spend: (count: number) => boolean
  readonly plan: () => MovingPlan
}

/** Kept; a file that is wrong in one line is mostly wrong in all. */
export const NOTES_MAX = 10_000
/** Rows, words and addresses for one plan: some millions of accounts fit. */
export const WORK_MAX = 5_000_000

export function createCollector(from: Foreign, workMax = WORK_MAX): Collector {
  const items: PlannedItem[] = []
  const notes: Note[] = []
  const told = new Set<string>()
  let work = 0
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
    spend(count) {
      work += count
      if (work <= workMax) return true
      const reason = `what the files name is more than ${workMax} rows, words and addresses; the rest is left out`
      note('to-do', 'files', reason, { file: '', line: 0 })
      return false
    },
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

/** Told one by one; what is so of very many is told of these, and how many more there are. */
const ALIKE_TOLD_MAX = 20

/** Accounts that nobody can log in to. */
export function noteLocked(
  collect: Pick<Collector, 'note'>,
  accounts: Iterable<{
    readonly address: string
    readonly hash: string | null
    readonly from: Place
  }>,
): void {
  let count = 0
  for (const { address, hash, from } of accounts) {
    if (hash !== null || ++count > ALIKE_TOLD_MAX) continue
    collect.note('to-do', address, 'nobody can log in: no password came with it', from)
  }
  if (count <= ALIKE_TOLD_MAX) return
  const reason = `nobody can log in to ${count - ALIKE_TOLD_MAX} more: no password came with them`
  collect.note('to-do', 'accounts', reason, { file: '', line: 0 })
}
