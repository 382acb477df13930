// Access rights as other servers write them: by IMAP (RFC 4314), where Dovecot's identifiers have signs and Cyrus's groups a word, and in Dovecot's
// files.

import type { SourceRight } from './source.ts'

/** Letters that are rights here, those of RFC 2086 among them; Cyrus has more (`n` for annotations, digits). */
const letters = 'lrswipkxteacd'

/**
 * Undefined where nobody else is given anything that there is here: the owner; `p` alone, which lets mail be delivered.
 * `isOwner`: whether a name is the owner's.
 */
export function rightByImap(
  identifier: string,
  rights: string,
  isOwner: (name: string) => boolean,
): SourceRight | undefined {
  const takes = identifier.startsWith('-')
  const name = takes ? identifier.slice(1) : identifier
  const isGroup = /^(group:|\$)/i.test(name)
  if (name.toLowerCase() === '#owner' || (!isGroup && isOwner(name))) return undefined
  return rightOf(takes, name, isGroup, rights)
}

/** A line of `dovecot-acl`; undefined too where it is none. */
export function rightInFile(line: string): SourceRight | undefined {
  const [, takes = '', quoted, bare = '', rights = ''] =
    /^(-?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]\S*))\s+([a-z]*)/i.exec(line) ?? []
  const identifier = quoted?.replace(/\\(.)/g, '$1') ?? bare
  const [, kind = '', , name = ''] = /^([a-z-]+)(=(.*))?$/i.exec(identifier) ?? []
  switch (kind.toLowerCase()) {
    case 'user':
      return rightOf(takes === '-', name, false, rights)
    case 'anyone':
    case 'authenticated':
      return rightOf(takes === '-', kind, false, rights)
    case 'group':
    case 'group-override':
      return rightOf(takes === '-', identifier, true, rights)
    default:
      return undefined
  }
}

function rightOf(
  takes: boolean,
  name: string,
  isGroup: boolean,
  given: string,
): SourceRight | undefined {
  const rights = [...new Set(given)].filter((letter) => letters.includes(letter)).join('')
  if (name === '' || rights === '' || rights === 'p') return undefined
  const isEveryone = /^(anyone|authenticated|anonymous)$/i.test(name)
  const of = isGroup ? 'group' : isEveryone ? 'everyone' : 'account'
  return { who: takes ? `-${name}` : name, of, rights }
}
