// What commands name messages by: sequence numbers, or uids in their UID form.

import type { Session } from './session.ts'

export type NumberKind = 'number' | 'uid'

/** RFC 9586 §3.2: a client that enabled UIDONLY has no sequence numbers. */
export function refusesNumbers(session: Session, by: NumberKind): boolean {
  return by === 'number' && session.enabled.has('UIDONLY')
}
