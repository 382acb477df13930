// The answer of `vacation` (RFC 5230 §5). Its envelope sender is the null one, and of it no notice is wanted (§5.1).

import type { Action } from '../actions.ts'
import type { Header } from '../message.ts'
import { type MadeMessage, makeMessage, textEntity } from './message.ts'
import { readMimeEntity } from './mime-entity.ts'
import { authorOf, type Owner } from './own-address.ts'

export type VacationAnswer = {
  readonly action: Pick<
    Extract<Action, { readonly kind: 'vacation' }>,
    'reason' | 'mime' | 'subject' | 'from'
  >
  /** Of the message that is answered. */
  readonly header: Header
  readonly owner: Owner
  /** As `mayAnswer` has it. */
  readonly to: string
  readonly atMs: number
  /** Of the answer, without angle brackets. */
  readonly messageId: string
}

export function writeVacationAnswer(answer: VacationAnswer): MadeMessage {
  const { action, header, owner, to, atMs, messageId } = answer
  const { reason, mime } = action
  return makeMessage(
    {
      atMs,
      messageId,
      from: [authorOf(action.from, owner)],
      to: [{ name: null, address: to }],
      subject: subjectOf(action.subject, header),
      autoSubmitted: 'auto-replied',
      of: header,
      isReply: true,
    },
    // Cannot be undefined: the row refuses such a reason before it becomes an action.
    (mime ? readMimeEntity(reason) : undefined) ?? textEntity(reason),
  )
}

/** RFC 5230 §5.3. */
function subjectOf(said: string | null, header: Header): string {
  if (said !== null && said.trim() !== '') return said
  const [original = ''] = header.texts('subject')
  return original.trim() === '' ? 'Automated reply' : `Auto: ${original}`
}
