// aliases(5), which postalias reads, sendmail's and Courier's alike: `name: value, value`. The file types are those of postmap's tables, and the
// syntax is another one.

import type { OnFault, Row } from './rows.ts'
import { isContinuation, joinedLines } from './source-files.ts'

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
export function aliasTargets(value: string): readonly AliasTarget[] {
  return splitTargets(value).flatMap((text): readonly AliasTarget[] => {
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
  })
}

/** What begins with a colon or a bar outside of quotes may have blanks, up to the next comma. */
function splitTargets(value: string): readonly string[] {
  const targets: string[] = []
  let target = ''
  let isQuoted = false
  let comments = 0
  const end = () => {
    const trimmed = target.trim()
    if (trimmed !== '') targets.push(trimmed)
    target = ''
  }
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at)
    if (isQuoted || comments > 0) {
      const escaped = character === '\\' ? value.charAt(++at) : ''
      if (comments > 0) {
        if (character === '(') comments++
        if (character === ')') comments--
        continue
      }
      target += character + escaped
      if (character === '"') isQuoted = false
      continue
    }
    if (character === '"') isQuoted = true
    if (character === '(') {
      comments = 1
      continue
    }
    const mayHaveBlanks = /^\s*[:|<]/.test(target) || target === ''
    if (character === ',' || (/^\s$/.test(character) && !mayHaveBlanks)) end()
    else target += character
  }
  end()
  return targets
}
