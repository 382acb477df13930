// RFC 8580: a copy of what a script sends, into a folder.

import type { Fcc } from '../actions.ts'
import { type Checker, type KnownValues, option, string, type Values } from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { checkDestination, destinationTags, specialUseOf } from './destination.ts'
import { flagWords } from './flag-words.ts'

/** RFC 8580 §3; what stands beside :fcc is that of fileinto. */
export const fccTags = { fcc: option('fcc', string, 'fcc'), ...destinationTags }

type FccValues = Values<typeof fccTags, { readonly [key in never]: never }>

export function checkFcc(values: KnownValues<FccValues>, checker: Checker): void {
  checkDestination(values, checker)
  if (values.fcc === '') checker.error(noFolder)
  if (values.fcc !== undefined) return
  for (const [key, tag] of beside) {
    const value = values[key]
    if (value !== undefined && value !== false) checker.error(`:${tag} stands beside :fcc`)
  }
}

const beside = [
  ['create', 'create'],
  ['flags', 'flags'],
  ['specialUse', 'specialuse'],
  ['mailboxId', 'mailboxid'],
] as const

const noFolder = ':fcc takes the name of a folder, and this is none'

export function fccOf({ fcc, create, flags, specialUse, mailboxId }: FccValues): Fcc | null {
  if (fcc === undefined) return null
  if (fcc === '') throw new SieveRunError(noFolder)
  return {
    folder: fcc,
    create,
    flags: flags === undefined ? null : flagWords(flags),
    specialUse: specialUseOf(specialUse),
    mailboxId: mailboxId ?? null,
  }
}
