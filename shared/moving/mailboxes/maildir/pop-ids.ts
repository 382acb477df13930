// What POP3 called messages of a Maildir: Dovecot works it out by its setting `pop3_uidl_format`, Courier and qmail call them by the file.

import type { UidRecord } from './uid-list.ts'

/** As the setting of Dovecot 2.3 is written, or its two usual spellings of 2.4. */
export const DOVECOT_FORMAT = '%08Xu%08Xv'
/** As messages are called here too, where uids are kept. */
const OWN_FORMAT = '%v-%u'

/** RFC 1939 §7 */
const POP_ID_CHARACTERS_MAX = 70

export type PopIds = (base: string, record: UidRecord, uidValidity: number) => string | undefined

/** Undefined where the format has a variable that only Dovecot can work out. */
export function popIdsBy(format: string): PopIds | undefined {
  const { parts, isKnown } = parse(format)
  if (!isKnown) return undefined
  return (base, record, uidValidity) => {
    if (record.popId !== undefined) return record.popId
    if (format === OWN_FORMAT) return undefined
    const id = parts.map((part) => part({ base, record, uidValidity })).join('')
    const isOne = /^[\x21-\x7e]+$/.test(id) && id.length <= POP_ID_CHARACTERS_MAX
    return isOne ? id : undefined
  }
}

type Given = { readonly base: string; readonly record: UidRecord; readonly uidValidity: number }
type Part = (given: Given) => string

function parse(format: string): { readonly parts: readonly Part[]; readonly isKnown: boolean } {
  const parts: Part[] = []
  let isKnown = true
  const [literal = '', ...rest] = format.split('%')
  parts.push(() => literal)
  for (const piece of rest) {
    const [, variable] = /^(\d{0,2}X?[a-z])/.exec(piece) ?? []
    const end = piece.startsWith('{') ? piece.indexOf('}') + 1 : (variable?.length ?? 0)
    const part =
      variable === undefined ? longVariable(piece.slice(1, end - 1)) : shortVariable(variable)
    if (part === undefined || end === 0) isKnown = false
    else parts.push(part, () => piece.slice(end))
  }
  return { parts, isKnown }
}

/** `%08Xu`: hexadecimal, lower case, at least eight digits. */
function shortVariable(variable: string): Part | undefined {
  const [, width = '', hex = '', letter = ''] = /^(\d*)(X?)([a-z])$/.exec(variable) ?? []
  const value = values[letter]
  if (value === undefined) return undefined
  return (given) => {
    const text = value(given)
    const shown = hex === 'X' && typeof text === 'number' ? text.toString(16) : String(text)
    return shown.padStart(Number(width), width.startsWith('0') ? '0' : ' ')
  }
}

/** `%{uid | hex(8)}`, of 2.4. */
function longVariable(text: string): Part | undefined {
  const [name = '', filter] = text.split('|').map((part) => part.trim())
  const letter = { uid: 'u', uidvalidity: 'v', guid: 'g', filename: 'f' }[name]
  const value = letter === undefined ? undefined : values[letter]
  if (value === undefined) return undefined
  if (filter === undefined) return (given) => String(value(given))
  const [, digits] = /^hex\((\d+)\)$/.exec(filter) ?? []
  if (digits === undefined) return undefined
  return (given) => Number(value(given)).toString(16).padStart(Number(digits), '0')
}

const values: { readonly [letter: string]: (given: Given) => string | number } = {
  u: ({ record }) => record.uid,
  v: ({ uidValidity }) => uidValidity,
  f: ({ base }) => base,
  g: ({ base, record }) => record.guid ?? base,
}
