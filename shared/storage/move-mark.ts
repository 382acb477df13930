// What a store says of itself while it is moved to another one (shared/moving/replication): an item of the directory that whoever opens a
// store for work reads first. A store without it is like any other.
//
// Two states let nobody in: a target that is being filled, and a source that was closed for the switch. A target that was opened
// keeps its mark, so that the way back knows what it came from.

import { STORE_PK } from './format.ts'
import type { Item, Key, Table } from './ports.ts'
import { UnusableStore } from './unusable-store.ts'

export const moveMarkKey: Key = { pk: STORE_PK, sk: 'MOVE' }

export type MoveMark = {
  /** Which move; the same at both ends. */
  readonly move: string
  /** How the other end is called, for people. */
  readonly other: string
  /** What names the source for certain, at both ends. */
  readonly source: string
  readonly sinceMs: number
} & (
  | { readonly role: 'source'; readonly state: 'closed' | 'moved' }
  | {
      readonly role: 'target'
      readonly state: 'filling' | 'open'
      /** Passes that came to their end. */
      readonly passes: number
      /** Who works on it, until when: one command at a time. */
      readonly mover: string
      readonly moverUntilMs: number
    }
)
export type SourceMark = Extract<MoveMark, { readonly role: 'source' }>
export type TargetMark = Extract<MoveMark, { readonly role: 'target' }>

/** Undefined for a store that no move is about. */
export async function readMoveMark(directory: Table): Promise<MoveMark | undefined> {
  const item = await directory.get(moveMarkKey, { consistent: true })
  return item && parseMoveMark(item)
}

/** Rejects with an UnusableStore where nobody may work on the store. */
export async function refuseWhileMoved(directory: Table): Promise<void> {
  const mark = await readMoveMark(directory)
  const reason = mark && reasonOf(mark)
  if (reason !== undefined) throw new UnusableStore(reason)
}

/** Why nobody may work on a store with this mark; undefined: everybody may. */
export function reasonOf(mark: MoveMark): string | undefined {
  switch (mark.state) {
    case 'filling':
      return `it is being filled from ${mark.other} and has not been opened yet; 'postwolke move status' says how far it is, 'postwolke move switch' opens it`
    case 'closed':
      return `it was closed to be moved to ${mark.other}; 'postwolke move switch' goes on with that, 'postwolke move undo' opens it again`
    case 'moved':
      return `it was moved to ${mark.other}, which is in use now; 'postwolke move undo' is the way back`
    case 'open':
      return undefined
  }
}

/** Cannot happen: a mark that nobody can read lets nobody in. */
export function parseMoveMark(item: Item): MoveMark {
  const { move, other, source, sinceMs, role, state, passes, mover, moverUntilMs } = item
  const about = {
    move: String(move),
    other: String(other),
    source: String(source),
    sinceMs: Number(sinceMs),
  }
  if (role === 'source' && (state === 'closed' || state === 'moved')) {
    return { ...about, role, state }
  }
  if (role === 'target' && (state === 'filling' || state === 'open')) {
    const work = {
      passes: Number(passes),
      mover: String(mover),
      moverUntilMs: Number(moverUntilMs),
    }
    return { ...about, role, state, ...work }
  }
  throw new UnusableStore('it says of a move what this version cannot read; use the newest one')
}

export const moveMarkItem = (mark: MoveMark): Item => ({ ...moveMarkKey, ...mark })
