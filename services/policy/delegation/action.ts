// Stand-in until access tables are merged.
import type { Decision } from '../restriction.ts'
import { defer, deferIfPermit, dunno, permit, reject } from '../restriction.ts'
import type { Known } from '../word.ts'

export function parseAction(text: string, _known: Known): Decision {
  const [word = '', ...rest] = text.trim().split(/\s+/)
  const args = rest.join(' ')
  const [, status = '', said = args] = /^([245]\.\d{1,3}\.\d{1,3})\s+(.*)$/.exec(args) ?? []
  const reply = (code: number, fallback: string) => ({
    code,
    status: (status || fallback) as '4.7.1',
    text: said,
  })
  switch (word.toUpperCase()) {
    case 'OK':
      return permit
    case 'DUNNO':
      return dunno
    case 'REJECT':
      return reject(reply(554, '5.7.1'))
    case 'DEFER':
      return defer(reply(450, '4.7.1'))
    case 'DEFER_IF_PERMIT':
      return deferIfPermit(reply(450, '4.7.1'))
    case 'PREPEND':
      return { kind: 'prepend', fields: `${args}\r\n` }
    default:
  }
  const code = Number(word)
  if (code >= 500) return reject(reply(code, '5.7.1'))
  if (code >= 400) return defer(reply(code, '4.7.1'))
  return { kind: 'warn', text }
}
