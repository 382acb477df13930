// Pages and comments name files and folders by their paths; what was moved is named by its new one.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const roots = ['shared', 'services', 'cdk', 'docs', 'test']
const sources = globSync(['README.md', ...roots.map((folder) => `${folder}/**/*.{ts,md}`)], {
  cwd: root,
}).filter((file) => !file.includes('/fixtures/'))

const comment = /(?:^|\s)(?:\/\/|\/?\*\*?)\s?(.*)/
const path = new RegExp(`(?<![\\w/.@#-])#?((?:${roots.join('|')})/[\\w./{},*-]*[\\w/}*])`, 'g')

/** From the root, or from where it is said. */
function isThere(named: string, file: string): boolean {
  if (!/[{*]/.test(named)) {
    return existsSync(join(root, named)) || existsSync(join(root, dirname(file), named))
  }
  const [, before = '', names = named, after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(named) ?? []
  return names
    .split(',')
    .every((name) =>
      [root, join(root, dirname(file))].some(
        (cwd) => globSync(`${before}${name}${after}`, { cwd }).length > 0,
      ),
    )
}

function namedIn(file: string): readonly string[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  const texts = file.endsWith('.md') ? lines : lines.map((line) => comment.exec(line)?.[1] ?? '')
  return texts.flatMap((text) => [...text.matchAll(path)].map(([, named = '']) => named))
}

describe('what pages and comments name', () => {
  it('is looked for in all of them', () => {
    expect(sources.flatMap(namedIn).length).toBeGreaterThan(200)
  })

  it('is there', () => {
    const gone = sources.flatMap((file) =>
      namedIn(file)
        .filter((named) => !isThere(named, file))
        .map((named) => `${file}: ${named}`),
    )
    expect(gone).toEqual([])
  })
})
