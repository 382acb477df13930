// aliases(5), which postalias reads, sendmail's and Courier's alike: `name: value, value`. The file types are those of postmap's tables, and the
// syntax is another one.

import type { OnFault, Row } from './rows.ts'
import { isBlank, isContinuation, joinedLines } from './source-files.ts'

/** Names in small letters, without their quotes; of the same name the first counts. */
export function readAliasSource(file: string, text: string, onFault: OnFault): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const { line, text: joined } of joinedLines(text)) {
    const from = { file, line }
    const fault = (reason: string) => onFault({ about: joined.trim().slice(0, 80), reason, from })
    const colon = isContinuation(joined) ? -1 : endOfName(joined)
    if (colon === -1) {
      fault('no name with a colon behind it')
      continue
    }
    const name = unquoted(joined.slice(0, colon).trim()).toLowerCase()
    const value = joined.slice(colon + 1).trim()
    if (name === '' || value === '') fault('a name and what it stands for are needed')
    else if (rows.has(name)) fault(`the name stands in line ${rows.get(name)?.from.line} already`)
    else rows.set(name, { key: name, value, from })
  }
  return [...rows.values()]
}

/** The first colon outside of quotes. */
function endOfName(text: string): number {
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (character === ':' && !isQuoted) return at
  }
  return -1
}

/** `"a b"` is a b; a backslash stands before what means itself. */
export function unquoted(text: string): string {
  if (!text.startsWith('"') && !text.includes('\\')) return text
  let plain = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') continue
    if (character === '\\') at++
    plain += text.charAt(at)
  }
  return plain
}

export type AliasTarget =
  | { readonly kind: 'address'; readonly address: string }
  /** `\user`: his mailbox, whatever aliases say. */
  | { readonly kind: 'mailbox'; readonly user: string }
  | { readonly kind: 'include'; readonly path: string }
  | { readonly kind: 'program'; readonly command: string }
  | { readonly kind: 'file'; readonly path: string }
  /** Of Exim: `:fail: text` and its like. */
  | { readonly kind: 'special'; readonly word: string; readonly text: string }

/** The right side: separated by commas and white space outside of quotes, comments in brackets and angles around addresses taken away. */
export function* aliasTargets(value: string): Generator<AliasTarget> {
  for (const text of splitTargets(value)) yield* targetsIn(text)
}

function targetsIn(text: string): readonly AliasTarget[] {
  const plain = text.startsWith('"') && text.endsWith('"') ? unquoted(text) : text
  if (plain.startsWith('|')) return [{ kind: 'program', command: plain.slice(1).trim() }]
  const special = /^:([a-z]+):/i.exec(plain)
  if (special?.[1] !== undefined) {
    const rest = unquoted(plain.slice(special[0].length).trim())
    const word = special[1].toLowerCase()
    if (word === 'include') return [{ kind: 'include', path: rest }]
    return [{ kind: 'special', word, text: rest }]
  }
  if (plain.startsWith('/')) return [{ kind: 'file', path: plain }]
  if (plain.startsWith('\\')) return [{ kind: 'mailbox', user: plain.slice(1) }]
  const angle = /<([^<>]*)>$/.exec(text)
  const address = angle?.[1] ?? text
  return address === '' ? [] : [{ kind: 'address', address }]
}

/**
 * Words, each a target. Of those between two commas one in angles counts alone: what stands before it is somebody's name. What begins with a colon
 * or a bar has blanks of its own.
 */
function splitTargets(value: string): readonly string[] {
  const targets: string[] = []
  let group: string[] = []
  let word = ''
  // Asked of the word itself it would be put together anew each time.
  let hasBlanks = false
  let isQuoted = false
  let comments = 0
  const endWord = () => {
    if (word.trim() !== '') group.push(word.trim())
    word = ''
    hasBlanks = false
  }
  const endGroup = () => {
    endWord()
    const angle = group.find((one) => one.startsWith('<') && one.endsWith('>'))
    // One by one: a line may have more than a call takes arguments.
    for (const one of angle === undefined ? group : [angle]) targets.push(one)
    group = []
  }
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at)
    const escaped = character === '\\' && (isQuoted || comments > 0) ? value.charAt(++at) : ''
    if (comments > 0) {
      if (escaped === '' && character === '(') comments++
      if (escaped === '' && character === ')') comments--
    } else if (isQuoted) {
      word += character + escaped
      if (character === '"') isQuoted = false
    } else if (character === '(') comments = 1
    else if (character === ',') endGroup()
    else if (isBlank(character) && !hasBlanks) endWord()
    else {
      if (character === '<') endWord()
      if (character === '"') isQuoted = true
      if (word === '') hasBlanks = character === ':' || character === '|'
      word += character
      if (character === '>') endWord()
    }
  }
  endGroup()
  return targets
}
