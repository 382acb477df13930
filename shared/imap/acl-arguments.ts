// Rights of SETACL: RFC 4314 §3.1 and §7. mod-rights = ["+" / "-"] rights, rights as astring of lower-case letters and digits.

import type { Cursor } from './cursor.ts'

export type RightsChange = {
  readonly mode: 'replace' | 'add' | 'remove'
  /** Each right once, in the order given; may be empty. */
  readonly rights: string
}

export function parseRightsChange(cursor: Cursor): RightsChange {
  const text = cursor.astring()
  const sign = text.charAt(0)
  const mode = sign === '+' ? 'add' : sign === '-' ? 'remove' : 'replace'
  const rights = mode === 'replace' ? text : text.slice(1)
  if (!/^[a-z0-9]*$/.test(rights)) cursor.fail('a right is a lower-case letter or a digit')
  return { mode, rights: [...new Set(rights)].join('') }
}
