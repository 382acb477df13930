// Which names mean this host, and where its own users are: Postfix's mydestination has users of the machine, here they are accounts of one
// domain.

import { parseDomain } from '#shared/mail/domain.ts'
import type { PostfixContext } from '../context.ts'

export type LocalNames = {
  readonly hostname: string
  /** Whose users the users of the machine become; undefined: no mail was for them. */
  readonly home: string | undefined
  /** All names of mydestination. */
  readonly names: ReadonlySet<string>
  /** What an address without a domain gets. */
  readonly origin: string
}

export function localNames(context: PostfixContext): LocalNames {
  const hostname = context.value('myhostname').toLowerCase()
  const origin = context.value('myorigin').toLowerCase()
  const names = new Set<string>()
  for (const { word, from } of context.list('mydestination')) {
    if (word.includes(':')) {
      const table = context.table(word, from)
      if (table.kind === 'rows') for (const { key } of table.rows) names.add(key)
      else {
        const reason = table.kind === 'refused' ? table.reason : 'names no domains one by one'
        context.collect.note('not-supported', `mydestination ${word}`, reason, from)
      }
    } else names.add(word.toLowerCase())
  }
  const wanted = [origin, context.value('mydomain').toLowerCase(), hostname]
  const home = wanted.find((name) => names.has(name) && name.includes('.'))
  return { hostname, origin, names, home: home ?? [...names].find(isFull) }
}

const isFull = (name: string) =>
  name.includes('.') && !name.startsWith('localhost.') && parseDomain(name) !== undefined
