// How a command ends: the numbers of sysexits(3), decided here and nowhere else. Whoever writes a script may ask what it was; whoever only
// asks whether all is well asks for 0.

import type { Refusal } from '#shared/administration/refusals.ts'
import { unreachable } from '#shared/runtime/errors.ts'

/** With what the manual says of each. */
export const exits = {
  done: [0, 'it was done'],
  /** Of commands that look: something is not as it must be. */
  found: [1, 'a command that looks found what is not as it must be; a person said no'],
  differs: [2, "of 'policy replay': verdicts would be others"],
  usage: [64, 'the command line is wrong'],
  data: [65, 'a value, a line of a file, or some of the mail to be brought, is not as it must be'],
  noInput: [66, 'a file cannot be read'],
  noUser: [67, 'there is no such account, alias, message, or whatever was named'],
  noHost: [68, 'there is no such domain'],
  unavailable: [69, 'the data folder, deployment or server cannot be used'],
  software: [70, 'a mistake of Postwolke’s'],
  exists: [73, 'something stands in the way: it is there already, or is not empty'],
  temporary: [75, 'not now: the same may be tried again'],
  noPermission: [77, 'whoever asks may not'],
  config: [78, 'the settings are wrong, or do not allow it'],
} as const satisfies { readonly [name: string]: readonly [code: number, says: string] }

export type Exit = keyof typeof exits

export const exitCode = (exit: Exit) => exits[exit][0]

/** A command that cannot do what it was told: printed as one line, without a stack. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitStatus: number

  constructor(message: string, exit: Exit | number = 'found') {
    super(message)
    this.exitStatus = typeof exit === 'number' ? exit : exitCode(exit)
  }
}

export function exitOfRefusal(refusal: Refusal): Exit {
  switch (refusal.kind) {
    case 'bad-value':
    case 'wrong-script':
      return 'data'
    case 'source-refuses':
      return 'noInput'
    case 'not-whole':
      return 'temporary'
    case 'not-the-same':
      return 'found'
    case 'no-such-domain':
      return 'noHost'
    case 'no-such-account':
    case 'no-such-alias':
    case 'no-such-token':
    case 'no-such-link':
    case 'no-such-recovery-address':
    case 'no-such-folder':
    case 'no-such-access-table':
    case 'no-such-access-entry':
    case 'no-such-selector':
    case 'no-such-job':
    case 'no-such-app-password':
    case 'no-such-session':
    case 'no-such-factor':
    case 'no-such-setting':
    case 'leads-nowhere':
    case 'not-queued':
    case 'not-traced':
    case 'not-quarantined':
    case 'no-such-script':
    case 'no-such-message':
    case 'no-such-source':
      return 'noUser'
    case 'exists':
    case 'changed-meanwhile':
    case 'last-owner':
    case 'not-empty':
    case 'is-owner':
    case 'too-many-grants':
    case 'too-many':
    case 'over-domain-limit':
    case 'others-wait':
    case 'differs':
    case 'same-table':
    case 'script-is-active':
    case 'source-in-use':
      return 'exists'
    case 'not-waiting':
    case 'still-running':
    case 'too-often':
    case 'export-under-way':
    case 'export-too-often':
      return 'temporary'
    case 'wrong-answer':
    case 'more-rights':
      return 'noPermission'
    case 'switched-off':
    case 'setting-locked':
      return 'config'
    default:
      return unreachable(refusal)
  }
}
