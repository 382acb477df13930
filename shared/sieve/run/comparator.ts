// How texts are compared (RFC 4790, RFC 5228 §2.7.3): equality, order, and for most of them parts of texts.

import { compareFolded, foldCase } from '#shared/mail/casemap.ts'

export interface Comparator {
  readonly name: string
  /** Texts that are equal become the same. */
  readonly fold: (text: string) => string
  /** Of folded texts. */
  readonly order: (a: string, b: string) => number
  /** Whether a text can be looked for in another. */
  readonly hasSubstrings: boolean
  /** `?` stands for one octet of UTF-8, or for one character (RFC 5228 §2.7.1). */
  readonly countsOctets: boolean
  /** To be required by name (RFC 5228 §2.7.3); null: every script has it. */
  readonly extension: string | null
}

const octet: Comparator = {
  name: 'i;octet',
  fold: (text) => text,
  order: compareFolded,
  hasSubstrings: true,
  countsOctets: true,
  extension: null,
}

export const asciiCasemap: Comparator = {
  ...octet,
  name: 'i;ascii-casemap',
  fold: (text) => (small.test(text) ? text.replace(smallAll, (run) => run.toUpperCase()) : text),
}

const small = /[a-z]/
const smallAll = /[a-z]+/g

/** RFC 4790 §9.1: what does not begin with a digit is larger than all numbers. */
const asciiNumeric: Comparator = {
  name: 'i;ascii-numeric',
  fold: (text) => (/^[0-9]+/.exec(text)?.[0] ?? INFINITE).replace(/^0+(?=.)/, ''),
  order(a, b) {
    if (a === INFINITE || b === INFINITE) return a === b ? 0 : a === INFINITE ? 1 : -1
    return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
  },
  hasSubstrings: false,
  countsOctets: true,
  extension: 'comparator-i;ascii-numeric',
}

const INFINITE = ''

const unicodeCasemap: Comparator = {
  name: 'i;unicode-casemap',
  fold: foldCase,
  order: compareFolded,
  hasSubstrings: true,
  countsOctets: false,
  extension: 'comparator-i;unicode-casemap',
}

export const comparators: ReadonlyMap<string, Comparator> = new Map(
  [octet, asciiCasemap, asciiNumeric, unicodeCasemap].map((each) => [each.name, each]),
)
