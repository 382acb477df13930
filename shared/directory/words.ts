// Words by which accounts, aliases and domains are found: an item for each, written in the transaction that makes, changes or removes them.
// Keys:
//   WORD#<two characters> / <word> <domain> <kind> <local key>    the word, beginning with these; kind A account, L alias, D domain
//   WORDS                 / STATE                                 that all are there, also of what was made before there were words

import type { Address } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Key, Write } from '#shared/storage/ports.ts'

export type WordKind = 'A' | 'L' | 'D'

export type WordTarget = {
  readonly kind: WordKind
  readonly domain: Domain
  /** '' for a domain. */
  readonly local: string
}

export const wordsStateKey: Key = { pk: 'WORDS', sk: 'STATE' }

/** Of one account or alias: each is a write. */
export const WORDS_MAX = 8
/** What follows of a word is not looked at. */
export const WORD_CHARACTERS_MAX = 40
const PREFIX_CHARACTERS = 2

/** Without case and accents, so that Muller finds Müller. */
export function foldWord(text: string): string {
  const folded = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  return Array.from(folded).slice(0, WORD_CHARACTERS_MAX).join('')
}

const isWord = (text: string) => text !== '' && !/[\s\p{C}]/u.test(text)

/** The whole local part, its parts, and those of the name. */
export function wordsOf(local: string, displayName = ''): readonly string[] {
  const parts = `${local} ${displayName}`.split(/[^\p{L}\p{N}\p{M}]/u)
  const words = [local, ...parts].map(foldWord).filter(isWord)
  return [...new Set(words)].slice(0, WORDS_MAX)
}

/** The whole name, and its labels but the last, which very many have. */
export function domainWords(domain: Domain): readonly string[] {
  const labels = domain.split('.').slice(0, -1)
  return [...new Set([domain, ...labels].map(foldWord).filter(isWord))].slice(0, WORDS_MAX)
}

export const wordPk = (word: string) =>
  `WORD#${Array.from(word).slice(0, PREFIX_CHARACTERS).join('')}`

export const wordKey = (word: string, { kind, domain, local }: WordTarget): Key => ({
  pk: wordPk(word),
  sk: `${word} ${domain} ${kind} ${local}`,
})

/** Cannot be undefined of what this file wrote. */
export function readWord(
  sk: string,
): { readonly word: string; readonly target: WordTarget } | undefined {
  const [word = '', name = '', kind = '', ...rest] = sk.split(' ')
  const domain = parseDomain(name)
  if (domain === undefined || !isKind(kind)) return undefined
  return { word, target: { kind, domain, local: rest.join(' ') } }
}

const isKind = (text: string): text is WordKind => text === 'A' || text === 'L' || text === 'D'

type WordWrite = { readonly put: Key } | { readonly delete: Key }

export const addWords = (words: readonly string[], target: WordTarget): readonly WordWrite[] =>
  words.map((word) => ({ put: wordKey(word, target) }))

export const removeWords = (words: readonly string[], target: WordTarget): readonly WordWrite[] =>
  words.map((word) => ({ delete: wordKey(word, target) }))

export const accountTarget = ({ local, domain }: Address): WordTarget => ({
  kind: 'A',
  domain,
  local,
})

export const aliasTarget = ({
  local,
  domain,
}: {
  readonly local: string
  readonly domain: Domain
}): WordTarget => ({ kind: 'L', domain, local })

export const domainTarget = (domain: Domain): WordTarget => ({ kind: 'D', domain, local: '' })

/** From the words of one to those of another: only what differs is written. */
export function changeWords(
  before: readonly string[],
  after: readonly string[],
  target: WordTarget,
): readonly Write[] {
  return [
    ...removeWords(
      before.filter((word) => !after.includes(word)),
      target,
    ),
    ...addWords(
      after.filter((word) => !before.includes(word)),
      target,
    ),
  ]
}
