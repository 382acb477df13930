// Regular expressions that see what a client sent. One that may begin anywhere and repeats is tried again at each position, so that
// it costs the square of its input: `/ +$/` over 12,000 blanks and a letter took 128 ms. Such an expression is anchored or sticky, or
// it stands in the list of those that cannot rescan, with the reason.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where bytes of strangers arrive. */
const folders = ['services/smtp', 'services/policy', 'shared/smtp', 'shared/net', 'shared/sasl']

/** File and expression, and why it is linear. */
const linear = new Map<string, string>([
  ['shared/net/tls/der.ts /\\.\\d+/', 'digits after a dot: no place is looked at twice'],
])

/** Expressions begin behind what cannot be the left side of a division. */
const literal =
  /(?:^|[=(,:?!&|[{;]|return|\n)\s*(\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*)/g

function expressions(file: string): readonly string[] {
  const source = readFileSync(join(root, file), 'utf8').replace(/^\s*(?:\/\/|\*|\/\*\*).*$/gm, '')
  return [...source.matchAll(literal)].map((match) => match[1] ?? '')
}

/** Outside of classes and escapes: a star, a plus, or a count without an end. */
function repeats(expression: string): boolean {
  const bare = expression.replace(/\\./g, 'x').replace(/\[(?:[^\]])*\]/g, 'x')
  return /[*+]|\{\d+,\}/.test(bare)
}

function isPinned(expression: string): boolean {
  const flags = expression.slice(expression.lastIndexOf('/') + 1)
  return flags.includes('y') || (expression.startsWith('/^') && !flags.includes('m'))
}

describe('regular expressions over what clients send', () => {
  const files = globSync(`{${folders.join(',')}}/**/*.ts`, { cwd: root }).sort()

  it('are found', () => {
    expect(files.flatMap(expressions).length).toBeGreaterThan(20)
  })

  it('are pinned where they repeat', () => {
    const loose = files.flatMap((file) =>
      expressions(file)
        .filter((expression) => repeats(expression) && !isPinned(expression))
        .map((expression) => `${file} ${expression}`),
    )
    expect(loose.filter((name) => !linear.has(name))).toEqual([])
  })
})
