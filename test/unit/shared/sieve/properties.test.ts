// What holds of every script there is, held against many that chance made.

import { describe, expect, it } from 'vitest'
import { compileScript } from '#shared/sieve/compile.ts'
import { SieveSyntaxError } from '#shared/sieve/finding.ts'
import { scriptText } from '#shared/sieve/language/lexer.ts'
import { parseScript } from '#shared/sieve/language/parse.ts'
import { printScript } from '#shared/sieve/language/print.ts'
import {
  ARGUMENTS_MAX,
  LIST_STRINGS_MAX,
  NESTING_MAX,
  NODES_MAX,
  NUMBER_MAX,
  SCRIPT_BYTES_MAX,
  WORD_CHARACTERS_MAX,
} from '#shared/sieve/limits.ts'
import { runScripts } from '#shared/sieve/run/interpreter.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { ScriptGenerator } from '#test/support/generated-sieve.ts'
import { seededRandom } from '#test/support/seed.ts'
import { contextOf, findings } from '#test/support/sieve.ts'

const compile = (text: string | Uint8Array) => compileScript(Buffer.from(text), vocabulary)

/** The tree without places. */
const tree = (text: string) =>
  JSON.stringify(parseScript(text), (key, value) =>
    key === 'at' || key === 'places' ? undefined : value,
  )

/** Findings whose place is not in the text. */
function misplaced(bytes: Uint8Array): readonly object[] {
  const compilation = compile(bytes)
  const found = compilation.kind === 'compiled' ? compilation.script.warnings : compilation.findings
  const lines = Buffer.from(bytes).toString('utf8').split('\n')
  return found.filter(({ line, column, message }) => {
    const length = lines[line - 1]?.length ?? -1
    return line < 1 || column < 1 || column > length + 1 || message === ''
  })
}

describe('any bytes', () => {
  it('are compiled, or refused with a place that is in them', () => {
    const generate = new ScriptGenerator(seededRandom('bytes of sieve'))
    for (let i = 0; i < 800; i++) {
      const script = generate.script(1 + generate.below(4))
      for (const text of [
        generate.soup(1 + generate.below(30)),
        script,
        generate.damaged(script),
      ]) {
        expect(misplaced(Buffer.from(text)), JSON.stringify(text)).toEqual([])
      }
      const bytes = generate.bytes(1 + generate.below(60))
      expect(misplaced(bytes), Buffer.from(bytes).toString('hex')).toEqual([])
    }
  })
})

describe('a script that is printed', () => {
  it('is the same script', () => {
    const generate = new ScriptGenerator(seededRandom('printed sieve'))
    let parsed = 0
    for (let i = 0; i < 1_000; i++) {
      const script = generate.script(1 + generate.below(4))
      const text = generate.below(2) === 0 ? script : generate.damaged(script)
      try {
        parseScript(scriptText(Buffer.from(text)))
      } catch (error) {
        expect(error).toBeInstanceOf(SieveSyntaxError)
        continue
      }
      parsed++
      const printed = printScript(parseScript(text))
      expect(tree(printed), text).toBe(tree(text))
      expect(printScript(parseScript(printed))).toBe(printed)
    }
    expect(parsed).toBeGreaterThan(500)
  })
})

describe('a script that is run', () => {
  it('ends, within its steps, and throws nothing', { timeout: 30_000 }, async () => {
    const generate = new ScriptGenerator(seededRandom('running sieve'))
    const ends = { done: 0, failed: 0, refused: 0 }
    for (let i = 0; i < 2_500; i++) {
      const text = generate.script(1 + generate.below(6))
      const compilation = compile(text)
      if (compilation.kind === 'refused') {
        ends.refused++
        continue
      }
      const { script } = compilation
      const steps = generate.pick([10, 100, 3_000])
      const context = contextOf({
        limits: { steps },
        message: `Subject: ${generate.pick(['abab', 'ü', 'a'.repeat(3_000)])}\nFrom: a+b@c.example\n\nx\n`,
      })
      const result = await runScripts([{ name: 'a', script }], context, async () =>
        generate.below(2) === 0 ? undefined : script,
      ).catch((error) => {
        throw new Error(`threw for ${text}`, { cause: error })
      })
      ends[result.kind]++
      if (result.kind === 'done') expect(result.steps, text).toBeLessThanOrEqual(steps)
      else expect(result.at.line, text).toBeGreaterThan(0)
    }
    // Chance reaches all of them.
    expect(Math.min(...Object.values(ends)), JSON.stringify(ends)).toBeGreaterThan(30)
  })
})

describe('limits of a script, on both sides', () => {
  const strings = (count: number) => `if exists [${'"",'.repeat(count - 1)}""] {}`
  const nested = (count: number) => `${'if true {'.repeat(count)}${'}'.repeat(count)}`
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'bytes',
      `#${' '.repeat(SCRIPT_BYTES_MAX - 1)}`,
      `#${' '.repeat(SCRIPT_BYTES_MAX)}`,
      `line 1: a script has ${SCRIPT_BYTES_MAX} bytes at most`,
    ],
    [
      'bytes of UTF-8',
      `#${'ä'.repeat((SCRIPT_BYTES_MAX - 2) / 2)} `,
      `#${'ä'.repeat(SCRIPT_BYTES_MAX / 2)}`,
      `line 1: a script has ${SCRIPT_BYTES_MAX} bytes at most`,
    ],
    [
      'nesting of blocks',
      // The test of the innermost one is one level more.
      nested(NESTING_MAX - 1),
      nested(NESTING_MAX + 1),
      `line 1: more than ${NESTING_MAX} levels of nesting`,
    ],
    [
      'nesting of tests',
      `if ${'not '.repeat(NESTING_MAX - 1)}true {}`,
      `if ${'not '.repeat(NESTING_MAX)}true {}`,
      `line 1: more than ${NESTING_MAX} levels of nesting`,
    ],
    [
      'commands and tests',
      'keep;'.repeat(NODES_MAX),
      'keep;'.repeat(NODES_MAX + 1),
      `line 1: more than ${NODES_MAX} commands and tests`,
    ],
    [
      'strings in a list',
      strings(LIST_STRINGS_MAX),
      strings(LIST_STRINGS_MAX + 1),
      `line 1: more than ${LIST_STRINGS_MAX} strings in a list`,
    ],
    [
      'arguments',
      `require "ihave"; if ihave "x" { nonsense ${'1 '.repeat(ARGUMENTS_MAX)}; }`,
      `require "ihave"; if ihave "x" { nonsense ${'1 '.repeat(ARGUMENTS_MAX + 1)}; }`,
      `line 1: more than ${ARGUMENTS_MAX} arguments`,
    ],
    [
      'characters of a word',
      `require "ihave"; if ihave "x" { ${'a'.repeat(WORD_CHARACTERS_MAX)}; }`,
      `require "ihave"; if ihave "x" { ${'a'.repeat(WORD_CHARACTERS_MAX + 1)}; }`,
      `line 1: a word has ${WORD_CHARACTERS_MAX} characters at most`,
    ],
    [
      'a number',
      `if size :over ${NUMBER_MAX} {}`,
      `if size :over ${NUMBER_MAX + 1} {}`,
      `line 1: a number is ${NUMBER_MAX} at most`,
    ],
  ]
  it.each(cases)('%s', (_what, within, beyond, finding) => {
    expect(findings(within)).toEqual([])
    expect(findings(beyond)).toEqual([finding])
  })
})

describe('limits of a run, on both sides', () => {
  it.each([
    ['steps', 'keep;'.repeat(9), 'keep;'.repeat(11), 'the script takes more than 10 steps'],
    ['actions', 'keep;'.repeat(3), 'keep;'.repeat(4), 'more than 3 actions'],
    [
      'redirects',
      'redirect "a@b.example"; redirect "c@b.example";',
      'redirect "a@b.example"; redirect "c@b.example"; redirect "d@b.example";',
      'more than 2 redirects',
    ],
  ])('%s', async (what, within, beyond, reason) => {
    const limits = { steps: 10, actions: what === 'steps' ? 32 : 3, redirects: 2 }
    const result = async (text: string) => {
      const compilation = compile(text)
      if (compilation.kind === 'refused') throw new Error('refused')
      const scripts = [{ name: 'a', script: compilation.script }]
      return await runScripts(scripts, contextOf({ limits }), async () => undefined)
    }
    expect(await result(within)).toMatchObject({ kind: 'done' })
    expect(await result(beyond)).toMatchObject({ kind: 'failed', reason })
  })
})
