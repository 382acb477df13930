// Where the folders of others stand among the names of an account: RFC 2342, RFC 9051 §6.3.10.
//
//   Other Users/<address>/<path>    what people have opened to each other
//   Shared/<address>/<path>         folders of accounts that are nobody's own
//
// An address may hold the delimiter; it ends with the first part of the name that has an `@`. Names without one are the account's
// own, so that nobody's older folder `Shared` is in the way, and an own folder comes before one of somebody else.

import type { Person } from '#shared/contracts/people.ts'
import { DELIMITER } from '#shared/mailbox/folder-path.ts'

export const OTHER_USERS = 'Other Users'
export const SHARED = 'Shared'

export type ForeignName = {
  readonly shared: boolean
  /** Of the owner, as it was typed. */
  readonly address: string
  /** In the owner's tree; '' for the owner as a whole. */
  readonly path: string
}

/** Undefined for the account's own names. */
export function foreignName(name: string): ForeignName | undefined {
  const [top, ...below] = name.normalize('NFC').split(DELIMITER)
  if (top !== OTHER_USERS && top !== SHARED) return undefined
  const end = below.findIndex((part) => part.includes('@')) + 1
  if (end === 0) return undefined
  return {
    shared: top === SHARED,
    address: below.slice(0, end).join(DELIMITER),
    path: below.slice(end).join(DELIMITER),
  }
}

/** Whether a name is one of the namespaces, or below one: what is below it may be somebody else's. */
export const isBelowNamespace = (name: string): boolean =>
  [OTHER_USERS, SHARED].includes(name.split(DELIMITER, 1)[0] ?? '')

export const isForeign = (name: string): boolean => foreignName(name) !== undefined

/** Where somebody's folder stands for everybody else. */
export const nameFor = ({ shared, address }: Person, path: string): string =>
  [shared ? SHARED : OTHER_USERS, address, path].join(DELIMITER)

/** Whether names of others may match a pattern of LIST, by what stands before its first wildcard. */
export function mayMatchForeign(reference: string, pattern: string): boolean {
  const text = (reference + pattern).normalize('NFC')
  const wildcard = text.search(/[*%]/)
  const fixed = wildcard < 0 ? text : text.slice(0, wildcard)
  return [OTHER_USERS, SHARED].some((top) => {
    const prefix = top + DELIMITER
    if (wildcard < 0) return text === top || fixed.startsWith(prefix)
    return prefix.startsWith(fixed) || fixed.startsWith(prefix)
  })
}
