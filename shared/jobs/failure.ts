// Why a job cannot be done, as a value: whoever shows it has words for it in the language of its reader. The log, the command line and
// programs have the English ones here.

import { unreachable } from '#shared/runtime/errors.ts'

export type JobFailureReason =
  /** Of a newer version, or an older one. */
  | { readonly kind: 'nobody-does'; readonly job: string }
  | { readonly kind: 'given-up'; readonly attempts: number }
  | { readonly kind: 'text-gone' }
  | { readonly kind: 'not-undoable' }
  /** What it was begun with: `field` and what stood in it. */
  | { readonly kind: 'bad-input'; readonly field: string; readonly value: string }
  /** Of an import that makes all or nothing. */
  | { readonly kind: 'wrong-rows'; readonly count: number }
  /** Who began it cannot sign in any more. */
  | { readonly kind: 'maker-gone'; readonly name: string }
  | { readonly kind: 'maker-may-not'; readonly name: string }
  /** Of the export of a mailbox: somebody deleted it, or its account, or the system has moved without its files. */
  | { readonly kind: 'export-gone' }

export function jobFailureText(reason: JobFailureReason): string {
  switch (reason.kind) {
    case 'nobody-does':
      return `nobody here does ${reason.job}`
    case 'given-up':
      return `given up after ${reason.attempts} attempts`
    case 'text-gone':
      return 'its text is gone'
    case 'not-undoable':
      return 'only an import of accounts or aliases can be undone'
    case 'bad-input':
      return `${reason.field} cannot be ${reason.value}`
    case 'wrong-rows':
      return `rows that are wrong: ${reason.count}; nothing was changed`
    case 'maker-gone':
      return `${reason.name}, who began this, cannot sign in any more`
    case 'maker-may-not':
      return `${reason.name}, who began this, may not do it any more`
    case 'export-gone':
      return 'it was deleted, or its files stayed at the place that the system moved from'
    default:
      return unreachable(reason)
  }
}

/** The job cannot be done, today or tomorrow. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
  readonly reason: JobFailureReason

  constructor(reason: JobFailureReason) {
    super(jobFailureText(reason))
    this.reason = reason
  }
}

export const badInput = (field: string, value: unknown): JobFailure =>
  new JobFailure({ kind: 'bad-input', field, value: String(value) })
