// Warnings of administration as lines for people.

import type { DeadEnd } from '#shared/administration/routes.ts'
import type { Warning } from '#shared/administration/warnings.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Process } from './context.ts'
import { warn } from './output.ts'

export function warnAll(process: Process, warnings: readonly Warning[]): void {
  for (const warning of warnings) warn(process, explainWarning(warning))
}

export function explainWarning(warning: Warning): string {
  switch (warning.kind) {
    case 'no-postmaster':
      return `mail to postmaster@${warning.domain} ${noPostmaster}`
    case 'alias-comes-first':
      return `${warning.address} is an alias too: its mail goes where the alias leads, and into this account only if that is one of the targets`
    case 'account-gets-nothing':
      return `${warning.address} is an account too, which gets no mail now; name it among the targets to keep a copy there`
    case 'mail-fails':
      return `mail to ${warning.alias} fails: ${explainDeadEnd(warning.end)}`
    case 'still-led-to': {
      const { address, aliases, count } = warning
      const more = count > aliases.length ? ` and ${count - aliases.length} more` : ''
      return `aliases still lead to ${address}: ${aliases.join(' ')}${more}`
    }
    case 'code-permits':
      return `${warning.key} ${warning.result}: a number alone means OK; write it with a text, or REJECT`
    case 'sender-not-allowed':
      return `${warning.sender} is not let in from now on: the table ${warning.table} takes no such sender`
    case 'no-allow-table':
      return `${warning.sender} is not let in from now on: set quarantineAllowTable to the name of a table, such as welcome, and have smtpdSenderRestrictions ask it (check_sender_access table:welcome)`
    case 'network-order':
      return `${warning.key} is within ${warning.within}, which comes before it in the file; here the smaller network counts first`
    default:
      return unreachable(warning)
  }
}

/** What becomes of mail to nobody, and what to do. */
export const noPostmaster =
  'is refused: set postmasterAddress, or give the account or alias postmaster'

const reasons = {
  unknown: 'no such address here',
  loop: 'its aliases lead back to themselves',
  'too-many': 'too many addresses',
  disabled: 'the account is disabled',
  'message-limit': 'too many addresses for one message',
} as const satisfies { readonly [reason in DeadEnd['reason']]: string }

export const explainDeadEnd = ({ address, reason }: DeadEnd) => `${address} (${reasons[reason]})`
