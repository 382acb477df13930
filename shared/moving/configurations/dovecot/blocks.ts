// dovecot.conf, and what `doveconf -n` prints, of 2.2 to 2.4: `name = value` and sections in braces, which may have a name.

import { type Line, linesOf } from '../source-files.ts'

export type Block = {
  /** `passdb`, `protocol`, `mailbox`; '' of the whole. */
  readonly type: string
  /** `passdb passwd-file {` has one, `namespace {` none. */
  readonly name: string
  readonly values: readonly BlockValue[]
  readonly blocks: readonly Block[]
  readonly line: number
}
export type BlockValue = { readonly name: string; readonly value: string; readonly line: number }

export type DovecotConf = {
  readonly whole: Block
  /** As the first comment tells it: 2.3.19.1. */
  readonly version: string | undefined
  readonly includes: readonly { readonly path: string; readonly line: number }[]
  readonly faults: readonly { readonly line: number; readonly reason: string }[]
}

/** Sections in each other. */
const DEPTH_MAX = 30

type Open = { readonly block: Block; readonly values: BlockValue[]; readonly blocks: Block[] }

export function parseDovecotConf(text: string): DovecotConf {
  const includes: { path: string; line: number }[] = []
  const faults: { line: number; reason: string }[] = []
  const whole = opened('', '', 0)
  const open: Open[] = [whole]
  let skipped = 0
  for (const { line, text: content } of statements(text)) {
    const fault = (reason: string) => faults.push({ line, reason })
    const inner = open.at(-1) ?? whole
    const include = /^!include(?:_try)?\s+(\S.*)$/.exec(content)
    if (include?.[1] !== undefined) includes.push({ path: include[1], line })
    else if (content === '}') {
      if (skipped > 0) skipped--
      else if (open.length > 1) open.pop()
      else fault('a } without its {')
    } else if (content.endsWith('{') && !isAssignment(content)) {
      if (open.length > DEPTH_MAX) {
        skipped++
        fault('sections within each other too deeply')
        continue
      }
      const words = content.slice(0, -1).trim().split(/\s+/)
      const next = opened(words[0] ?? '', unquoted(words.slice(1).join(' ')), line)
      inner.blocks.push(next.block)
      open.push(next)
    } else {
      const equals = content.indexOf('=')
      const name = content.slice(0, Math.max(0, equals)).trim()
      if (name === '') fault(`'${content.slice(0, 80)}' is neither name = value nor a section`)
      else if (skipped === 0) {
        inner.values.push({ name, value: unquoted(content.slice(equals + 1).trim()), line })
      }
    }
  }
  if (open.length > 1)
    faults.push({ line: open.at(-1)?.block.line ?? 0, reason: 'a { is not closed' })
  const version = /^#\s*(\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1]
  return { whole: whole.block, version, includes, faults }
}

function opened(type: string, name: string, line: number): Open {
  const values: BlockValue[] = []
  const blocks: Block[] = []
  return { block: { type, name, values, blocks, line }, values, blocks }
}

/** `a = {` has a brace as its value. */
const isAssignment = (content: string) => {
  const equals = content.indexOf('=')
  return equals !== -1 && content.slice(equals + 1).trim() !== '{'
}

/** Lines without comments, joined where one ends with a backslash. */
function* statements(text: string): Generator<Line> {
  let before = ''
  let first = 0
  for (const { line, text: whole } of linesOf(text)) {
    const content = withoutComment(whole).trim()
    if (before === '') first = line
    if (content.endsWith('\\')) {
      before += `${content.slice(0, -1).trimEnd()} `
      continue
    }
    const joined = (before + content).trim()
    before = ''
    if (joined !== '') yield { line: first, text: joined }
  }
  if (before.trim() !== '') yield { line: first, text: before.trim() }
}

/** `#` begins one where it stands first, or behind white space and outside of quotes. */
function withoutComment(text: string): string {
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (quote !== '') {
      if (character === '\\') at++
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '#' && (at === 0 || /^\s$/.test(text.charAt(at - 1)))) {
      return text.slice(0, at)
    }
  }
  return text
}

function unquoted(text: string): string {
  const quote = text.charAt(0)
  if ((quote !== '"' && quote !== "'") || text.length < 2 || !text.endsWith(quote)) return text
  return text.slice(1, -1).replaceAll(/\\(["'\\])/g, '$1')
}
