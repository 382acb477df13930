// Before each command: what the session may do in a mailbox of somebody else that it has selected, as its rights are now. A
// session in its own mailbox reads nothing for this.

import type { Completion } from '../command.ts'
import { replies } from '../replies.ts'
import type { SelectedMailbox } from '../selected-folder.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { leavingSelected, type Needed, neededOfSelected } from './needed-rights.ts'
import { has } from './reach.ts'

const needed: ReadonlyMap<string, Needed> = new Map(Object.entries(neededOfSelected))

/** The answer where the command may not run. A mailbox that may be read no longer is gone; the dispatcher says so. */
export function refusedInSelected(
  { state }: Session,
  name: string,
  wire: Wire,
): Promise<Completion | undefined> | undefined {
  if (state.kind !== 'selected' || !state.mailbox.isForeign) return undefined
  return refusedIn(state.mailbox, name, wire)
}

async function refusedIn(
  mailbox: SelectedMailbox,
  name: string,
  wire: Wire,
): Promise<Completion | undefined> {
  // UID commands need what the others do (RFC 4314 §4).
  const plain = name.replace(/^UID /, '')
  if (leavingSelected.has(plain)) return undefined
  await mailbox.lookAtRights(wire)
  if (mailbox.gone) return replies.noSuchMailbox
  const needs = needed.get(plain)
  return needs === undefined || has(mailbox.rights, needs) ? undefined : replies.noPermission
}
