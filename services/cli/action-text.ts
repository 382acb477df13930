// What the result of an access table does, as a line for people.

import { unreachable } from '#shared/runtime/errors.ts'
import type { Action } from '#shared/settings/restrictions/action.ts'

export function explainAction(action: Action): string {
  switch (action.kind) {
    case 'permit':
      return 'permits: the rest of the list is not asked'
    case 'empty':
      return 'permits, with a warning: an empty result is taken for OK'
    case 'dunno':
      return 'says nothing: the list goes on'
    case 'reject':
      return `refuses: ${said(action, 'Access denied')}`
    case 'defer':
      return `asks to come back: ${said(action, 'Access denied')}`
    case 'reply':
      return `answers ${action.code}: ${said(action, 'Access denied')}${endOf(action.code)}`
    case 'defer-if-permit':
      return `asks to come back if nothing refuses: ${said(action, 'Service unavailable')}`
    case 'defer-if-reject':
      return `asks to come back in place of a refusal: ${said(action, 'Service unavailable')}`
    case 'discard':
      return 'takes the message, and gives it to nobody'
    case 'hold':
      return 'takes the message, which waits for an operator'
    case 'filter':
      return `sends the message through ${action.destination}`
    case 'redirect':
      return `sends the message to ${action.to} in place of its recipients`
    case 'bcc':
      return `sends the message to ${action.to} too`
    case 'prepend':
      return `puts a field before the message: ${action.field}`
    case 'info':
    case 'warn':
      return 'writes a line into the log: the list goes on'
    case 'restrictions':
      return `asks restrictions: ${action.text}`
    case 'malformed':
      return `says nothing, with a warning: ${action.reason}`
    default:
      return unreachable(action)
  }
}

function said(
  { status, text }: { readonly status: string | undefined; readonly text: string },
  otherwise: string,
): string {
  return [status, text || otherwise].filter((part) => part !== undefined).join(' ')
}

const endOf = (code: number) => (code === 421 || code === 521 ? ', and ends the connection' : '')
