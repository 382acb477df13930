// Before each command: what the session may do in a folder of somebody else that it has selected, as its rights are now. A
// session in its own folder reads nothing for this.

import type { Completion } from '../command.ts'
import { replies } from '../replies.ts'
import type { SelectedFolder } from '../selected-folder.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { leavingSelected, type Needed, neededOfSelected } from './needed-rights.ts'
import { has } from './reach.ts'

const needed: ReadonlyMap<string, Needed> = new Map(Object.entries(neededOfSelected))

/** The answer where the command may not run. A folder that may be read no longer is gone; the dispatcher says so. */
export function refusalInSelected(
  { state }: Session,
  name: string,
  wire: Wire,
): Promise<Completion | undefined> | undefined {
  if (state.kind !== 'selected' || !state.selected.isForeign) return undefined
  return refusalIn(state.selected, name, wire)
}

async function refusalIn(
  selected: SelectedFolder,
  name: string,
  wire: Wire,
): Promise<Completion | undefined> {
  // UID commands need what the others do (RFC 4314 §4).
  const plain = name.replace(/^UID /, '')
  if (leavingSelected.has(plain)) return undefined
  await selected.lookAtRights(wire)
  if (selected.gone) return replies.noSuchMailbox
  const needs = needed.get(plain)
  return needs === undefined || has(selected.rights, needs) ? undefined : replies.noPermission
}
