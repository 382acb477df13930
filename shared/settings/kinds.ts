// The kinds of plain values: sizes, times, numbers, choices, texts. Kinds that know networks and names are in address-kinds.ts.

import type { Kind } from './setting.ts'

type Range = { readonly min: number; readonly max: number }

const byteUnits = [
  ['TB', 1024 ** 4],
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['KB', 1024],
] as const

const BYTES = /^(\d{1,15})\s*(?:([KMGT])(?:i?B)?|B)?$/i

/** A size in bytes. 1 KB is 1024 bytes, as providers' mailbox sizes have always been counted. */
export function bytes({ min, max }: Range): Kind<number> {
  return {
    name: 'size',
    allowed: `a size such as 10MB or 10485760 (1 KB = 1024 bytes), from ${formatBytes(min)} to ${formatBytes(max)}`,
    parse(text) {
      const match = BYTES.exec(text)
      if (!match) return undefined
      const unit = byteUnits.find(([name]) => name[0] === match[2]?.toUpperCase())
      return within(Number(match[1]) * (unit?.[1] ?? 1), { min, max })
    },
    format: formatBytes,
  }
}

function formatBytes(value: number): string {
  const unit = byteUnits.find(([, size]) => value > 0 && value % size === 0)
  return unit ? `${value / unit[1]}${unit[0]}` : String(value)
}

const timeUnits = [
  ['w', 7 * 24 * 3_600_000],
  ['d', 24 * 3_600_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

const DURATION = /^(\d{1,9})\s*(ms|[smhdw])$/

/**
 * A time span in milliseconds. The unit must be written: a bare number means seconds, hours or days to Postfix, depending on
 * the parameter, so it is refused. `0` needs no unit.
 */
export function duration({ min, max }: Range): Kind<number> {
  return {
    name: 'time',
    allowed: `a time with its unit (ms, s, m, h, d, w) such as 30s or 4h, from ${formatDuration(min)} to ${formatDuration(max)}`,
    parse(text) {
      if (text === '0') return within(0, { min, max })
      const match = DURATION.exec(text)
      const unit = timeUnits.find(([name]) => name === match?.[2])
      return match && unit ? within(Number(match[1]) * unit[1], { min, max }) : undefined
    },
    format: formatDuration,
  }
}

function formatDuration(ms: number): string {
  // Weeks are read but not written: 14d is what people say.
  const unit = timeUnits.find(([name, size]) => name !== 'w' && ms > 0 && ms % size === 0)
  return unit ? `${ms / unit[1]}${unit[0]}` : '0'
}

export function integer({ min, max }: Range): Kind<number> {
  return {
    name: 'number',
    allowed: `a whole number from ${min} to ${max}`,
    parse: (text) => (/^\d{1,15}$/.test(text) ? within(Number(text), { min, max }) : undefined),
    format: String,
  }
}

function within(value: number, { min, max }: Range): number | undefined {
  return value >= min && value <= max ? value : undefined
}

export const port: Kind<number> = {
  ...integer({ min: 0, max: 65_535 }),
  name: 'port',
  allowed: 'a port number from 0 to 65535 (0: any free port)',
}

const booleans = new Map([
  ['yes', true],
  ['true', true],
  ['no', false],
  ['false', false],
])

export const boolean: Kind<boolean> = {
  name: 'yes or no',
  allowed: 'yes, no, true or false',
  parse: (text) => booleans.get(text.toLowerCase()),
  format: (value) => (value ? 'yes' : 'no'),
}

export function choice<const C extends string>(...choices: readonly [C, ...C[]]): Kind<C> {
  return {
    name: 'choice',
    allowed: `one of ${choices.join(', ')}`,
    parse(text) {
      // TOML's own true and false mean yes and no where those are among the choices.
      const wanted = text === 'true' ? 'yes' : text === 'false' ? 'no' : text
      return choices.find((known) => known === wanted)
    },
    format: (value) => value,
  }
}

/** A list of choices in any order, at least one. */
export function choices<const C extends string>(
  ...known: readonly [C, ...C[]]
): Kind<readonly C[]> {
  return {
    name: 'choices',
    allowed: `one or more of ${known.join(', ')}`,
    list: true,
    parse(text) {
      const given = new Set(text.toUpperCase().split(/[\s,]+/))
      given.delete('')
      const wanted = known.filter((name) => given.has(name))
      return wanted.length > 0 && wanted.length === given.size ? wanted : undefined
    },
    format: (value) => value.join(', '),
  }
}

/** A list of some of these words, in their order here; there may be none. */
export function someOf<const C extends string>(...known: readonly [C, ...C[]]): Kind<readonly C[]> {
  return {
    name: 'words',
    allowed: `any of ${known.join(', ')}, separated by commas or spaces, or nothing`,
    list: true,
    parse(text) {
      const given = new Set(text.toLowerCase().split(/[\s,]+/))
      given.delete('')
      const wanted = known.filter((word) => given.has(word))
      return wanted.length === given.size ? wanted : undefined
    },
    format: (value) => value.join(', '),
  }
}

const FIELD_NAMES_MAX = 100
// ftext, and as long as message-cleaning.ts looks for it.
const FIELD_NAME = /^[\x21-\x2b\x2d-\x39\x3b-\x7e]{1,100}$/

/** Names of header fields, kept in lower case. */
export const fieldNames: Kind<readonly string[]> = {
  name: 'header fields',
  allowed: 'names of header fields, separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const names = text.toLowerCase().split(/[\s,]+/)
    const given = [...new Set(names)].filter((name) => name !== '')
    const sound = given.length <= FIELD_NAMES_MAX && given.every((name) => FIELD_NAME.test(name))
    return sound ? given : undefined
  },
  format: (value) => value.join(', '),
}

const EHLO_KEYWORDS_MAX = 50
// RFC 5321 §4.1.1.1: ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
const EHLO_KEYWORD = /^[A-Z0-9][A-Z0-9-]{0,29}$/

/** Names of SMTP extensions, kept in capitals. */
export const ehloKeywords: Kind<readonly string[]> = {
  name: 'EHLO keywords',
  allowed: 'names of SMTP extensions such as CHUNKING, separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const given = new Set(text.toUpperCase().split(/[\s,]+/))
    given.delete('')
    const sound =
      given.size <= EHLO_KEYWORDS_MAX && [...given].every((one) => EHLO_KEYWORD.test(one))
    return sound ? [...given] : undefined
  },
  format: (value) => value.join(', '),
}

/** As C writes them, and Postfix. */
const characterEscapes = new Map([
  ['a', 0x07],
  ['b', 0x08],
  ['f', 0x0c],
  ['t', 0x09],
  ['v', 0x0b],
  ['\\', 0x5c],
])
const CHARACTER = /\\([0-7]{1,3}|[abftv\\])|([\x20-\x5b\x5d-\x7e])/y
const LINE_ENDS: readonly number[] = [0x0a, 0x0d]

/** Bytes, ascending. Neither CR nor LF: without them a message has no lines. */
export const characters: Kind<readonly number[]> = {
  name: 'characters',
  allowed:
    'characters; \\a \\b \\f \\t \\v \\\\ and octal \\0 to \\377 as in C, but neither CR nor LF, or nothing',
  parse(text) {
    const bytes = new Set<number>()
    CHARACTER.lastIndex = 0
    while (CHARACTER.lastIndex < text.length) {
      const [, escaped, plain] = CHARACTER.exec(text) ?? []
      if (escaped === undefined && plain === undefined) return undefined
      const byte =
        plain?.charCodeAt(0) ??
        characterEscapes.get(escaped ?? '') ??
        Number.parseInt(escaped ?? '', 8)
      if (byte > 0xff || LINE_ENDS.includes(byte)) return undefined
      bytes.add(byte)
    }
    return [...bytes].sort((one, other) => one - other)
  },
  format: (value) =>
    value
      .map((byte) =>
        byte > 0x20 && byte < 0x7f && byte !== 0x5c
          ? String.fromCharCode(byte)
          : `\\${byte.toString(8).padStart(3, '0')}`,
      )
      .join(''),
}

const TEXT_BYTES_MAX = 1_000

/** One line of text, possibly empty. */
export const text: Kind<string> = {
  name: 'text',
  allowed: `text on one line, at most ${TEXT_BYTES_MAX} bytes`,
  parse: (value) =>
    /[\x00-\x1f\x7f]/.test(value) || Buffer.byteLength(value) > TEXT_BYTES_MAX ? undefined : value,
  format: (value) => value,
}

/** A path as the operating system takes it; relative ones count from the working directory. Empty: none. */
export const filePath: Kind<string> = {
  ...text,
  name: 'file',
  allowed: 'the path of a file, or nothing',
}
