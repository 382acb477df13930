// docs/terms.md and docs/log.md know every folder and every field of the log: a new word is explained, or it is not new.

import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')
const codeIn = (page: string) => new Set([...page.matchAll(/`([^`]+)`/g)].map(([, code]) => code))

/** Property names of the object literal that begins here, without those of objects in it. */
function propertiesAt(source: string, start: number): readonly string[] {
  let depth = 0
  let flat = ''
  for (let at = start; at < source.length; at++) {
    const character = source.charAt(at)
    if ('{(['.includes(character)) depth++
    if (depth === 1) flat += character
    if ('})]'.includes(character)) depth--
    if (depth === 0) break
  }
  return [...flat.matchAll(/[{,]\s*([A-Za-z]+)\s*(?=[:,}])/g)].flatMap(([, name = '']) => name)
}

describe('terms', () => {
  const terms = read('docs/terms.md')

  it('explain the name of every folder', () => {
    const known = codeIn(terms)
    const folders = globSync('{shared,services}/**/*.ts', { cwd: root }).map((file) =>
      basename(file.slice(0, file.lastIndexOf('/'))),
    )
    expect([...new Set(folders)].filter((name) => !known.has(name))).toEqual([])
  })

  it('name no folder that is not there', () => {
    const [, listed = ''] = terms.split('Folders by the name of')
    const folders = new Set(
      globSync('{shared,services}/**/', { cwd: root }).map((folder) => basename(folder)),
    )
    expect([...codeIn(listed)].filter((name) => name && !folders.has(name))).toEqual([])
  })

  it('are one for a thing: fields of the log stand in docs/log.md', () => {
    const known = codeIn(read('docs/log.md'))
    const fields = new Map<string, string>()
    for (const file of globSync('{shared,services}/**/*.ts', { cwd: root })) {
      const source = read(file)
      const calls =
        /(?:[lL]og\.(?:debug|info|warn|error|child)|#log|logRepeated)\((?:\s*'[^']*',)?\s*(?=\{)/g
      for (const { index, 0: call } of source.matchAll(calls)) {
        for (const name of propertiesAt(source, index + call.length)) fields.set(name, file)
      }
    }
    expect(fields.size).toBeGreaterThan(50)
    expect([...fields].filter(([name]) => !known.has(name))).toEqual([])
  })
})
