// Parameters in sections (RFC 2231 §3) as one: what BODYSTRUCTURE tells of them (RFC 2231 §6, RFC 9051 §7.5.2). The index keeps
// them as they were sent, and they are joined when they are told.

import { decodeText, isKnownCharset } from './charset.ts'
import type { ByteString, Parameters } from './message-index.ts'

/**
 * `name*0`, `name*1` … as `name`; where a section is extended (`name*0*`), as `name*` with an extended value in UTF-8. What
 * lacks its first section, follows a gap, or has the parameter itself beside it stays as it is.
 */
export function joinContinuations(parameters: Parameters): Parameters {
  if (!parameters.some(([name]) => name.includes('*'))) return parameters
  const names = new Set(parameters.map(([name]) => name.toLowerCase()))
  const groups = new Map<string, Map<number, Section>>()
  for (const [position, [name, value]] of parameters.entries()) {
    const found = sectionName.exec(name)
    if (found === null) continue
    const [, base = '', number = '', star = ''] = found
    const key = base.toLowerCase()
    const group = groups.get(key) ?? new Map<number, Section>()
    groups.set(key, group)
    const section = { base, value, position, extended: star !== '' }
    if (!group.has(Number(number))) group.set(Number(number), section)
  }
  const joined = new Map<number, readonly [ByteString, ByteString] | undefined>()
  for (const group of groups.values()) {
    const sections = contiguous(group)
    const [first] = sections
    if (first === undefined) continue
    const parameter = join(first, sections)
    if (names.has(parameter[0].toLowerCase())) continue
    for (const { position } of sections) joined.set(position, undefined)
    joined.set(first.position, parameter)
  }
  return parameters.flatMap((parameter, position) => {
    const replaced = joined.has(position) ? joined.get(position) : parameter
    return replaced === undefined ? [] : [replaced]
  })
}

/** section := initial-section / other-sections, without the zeros that RFC 2231 §7 forbids. */
const sectionName = /^([^*]+)\*(0|[1-9][0-9]{0,8})(\*?)$/

type Section = {
  readonly base: ByteString
  readonly value: ByteString
  readonly position: number
  readonly extended: boolean
}

function contiguous(group: ReadonlyMap<number, Section>): readonly Section[] {
  const sections: Section[] = []
  for (let number = 0; ; number++) {
    const section = group.get(number)
    if (section === undefined) return sections
    sections.push(section)
  }
}

function join(first: Section, sections: readonly Section[]): readonly [ByteString, ByteString] {
  if (!sections.some(({ extended }) => extended)) {
    return [first.base, sections.map(({ value }) => value).join('')]
  }
  // RFC 2231 §4.1: character set and language stand in the first section alone.
  const { charset, language, text } = initialValue(first)
  const bytes = Buffer.from(
    sections
      .map((section) => {
        const value = section === first ? text : section.value
        return section.extended ? percentDecoded(value) : value
      })
      .join(''),
    'latin1',
  )
  const known = charset === '' || isKnownCharset(charset)
  const told = known ? Buffer.from(decodeText(bytes, charset === '' ? null : charset)) : bytes
  const value = `${known ? 'utf-8' : charset}'${language}'${percentEncoded(told)}`
  return [`${first.base}*`, value]
}

function initialValue({ value, extended }: Section) {
  const found = extended ? /^([^']*)'([^']*)'/.exec(value) : null
  const [prefix = '', charset = '', language = ''] = found ?? []
  return { charset, language, text: value.slice(prefix.length) }
}

export function percentDecoded(value: ByteString): ByteString {
  return value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
}

/** attribute-char := any ASCII CHAR except SPACE, CTLs, "*", "'", "%" and tspecials (RFC 2231 §7). */
function percentEncoded(bytes: Buffer): ByteString {
  return bytes
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9!#$&+\-.^_`{|}~]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
}
