// No expression may take more than linear time of bytes from outside. Every expression of the services is either proven linear or
// stands here with the reason why it does no harm.

import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { objection } from './regex-linear.ts'
import { regexConstructions, regexLiterals } from './regex-literals.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = globSync('{shared,services}/**/*.ts', { cwd: root }).sort()
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')

/** By file; each with the expression as it is written. */
const allowed: readonly { file: string; regex: string; because: string }[] = [
  {
    file: 'services/imap/appending/imap-url.ts',
    regex: String.raw`/^imaps?:\/\/(?:([^@/]*)@)?([^@/:]+)(?::\d+)?(?=\/)/i`,
    because: 'the user is looked for once, and each end of the host fails at once',
  },
  {
    file: 'services/imap/appending/imap-url.ts',
    regex: String.raw`/^(?:\/([^;/][^;]*?)(?:;UIDVALIDITY=([1-9]\d*))?)?\/?;UID=([1-9]\d*)(?:\/;SECTION=([^;]+?))?(?:\/;PARTIAL=(\d+)(?:\.([1-9]\d*))?)?$/i`,
    because: 'its runs end at the next semicolon, and what is tried at each place fails at once',
  },
  {
    file: 'shared/sasl/scram.ts',
    regex: String.raw`/^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]+)*),p=([A-Za-z0-9+/=]+)$/`,
    because: 'each part between commas is tried as extension and as proof, never two together',
  },
  {
    file: 'shared/smtp/path.ts',
    regex: String.raw`/<(?:((?:@[^\s<>:,@"]+,)*@[^\s<>:,@"]+):)?((?:"(?:[^"\\]|\\.)*"|[^\s<>"])*)>/y`,
    because: 'each hop of a route is tried before a comma and before a colon, and ends there',
  },
]

const built: readonly { file: string; line: string; because: string }[] = [
  {
    file: 'services/content/checks/pattern-matcher.ts',
    line: 'rules.map((rule) => ({ ...rule, pattern: new RegExp(rule.source, rule.flags) })),',
    because: 'patterns of the administrator, in a thread that is ended when its time is over',
  },
  {
    file: 'shared/settings/patterns/translate-pattern.ts',
    line: "const groups = (new RegExp(source.concat('|'), all).exec('')?.length ?? 1) - 1",
    because: 'applied to no text, to see whether it is one',
  },
  {
    file: 'shared/settings/pattern.ts',
    line: "const expression = new RegExp(source, 'i')",
    because: 'of what could take more than the square of a short text is refused before',
  },
]

describe('regular expressions of shared/ and services/', () => {
  it('take linear time of any input, or do no harm', () => {
    const doubtful = files.flatMap((file) =>
      regexLiterals(read(file)).flatMap((literal) => {
        const why = objection(literal)
        const regex = `/${literal.source}/${literal.flags}`
        const known = allowed.some((entry) => entry.file === file && entry.regex === regex)
        return why === undefined || known ? [] : [`${file}: ${regex}: ${why}`]
      }),
    )
    expect(doubtful).toEqual([])
  })

  it('are built from text only where it is known of what', () => {
    const unknown = files.flatMap((file) =>
      regexConstructions(read(file))
        .filter((line) => !built.some((entry) => entry.file === file && entry.line === line))
        .map((line) => `${file}: ${line}`),
    )
    expect(unknown).toEqual([])
  })

  it('are excused only while they exist and need it', () => {
    const idle = [
      ...allowed.filter(
        ({ file, regex }) =>
          !regexLiterals(read(file)).some(
            (literal) =>
              `/${literal.source}/${literal.flags}` === regex && objection(literal) !== undefined,
          ),
      ),
      ...built.filter(({ file, line }) => !regexConstructions(read(file)).includes(line)),
    ]
    expect(idle).toEqual([])
  })
})

describe('the check for linear expressions', () => {
  const why = (regex: RegExp) => objection(regex)

  it.each([
    /^[a-z]+$/,
    /[ \t\r\n]+/g,
    /[\x00-\x1f\x7f]/,
    /<([^<>]*)>/g,
    /^[a-z]+(?:\.[a-z]+)*$/,
    /^"((?:[^"\\]|\\[\x20-\x7e])+)"(?:@|$)/u,
    /\r?\n(?=[ \t]|$)/g,
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi,
    /[^a]*/y,
    / +/,
    /=\?([^?\s]+)\?([BbQq])\?([^?\r\n]*)\?=/g,
    /^references[ \t]*:(.*(?:\r?\n[ \t].*)*)/im,
  ])('passes %s', (regex) => expect(why(regex)).toBeUndefined())

  it.each([
    // What blocked everybody for a minute.
    /[ \t]+$/,
    /\s+$/,
    /^(a+)+$/,
    /^(?:a|a)*$/,
    /^a*a*b$/,
    /^(?:[a-z]+,?)*$/,
    /.*x/,
    /(a)\1/,
    /^(?=.*x).*$/,
    /&([^-]*)-/g,
    /(?:^|\.)[0-9]+$/,
  ])('objects to %s', (regex) => expect(why(regex)).toBeDefined())
})

describe('the search for expressions', () => {
  it('tells them from division, comments, strings and templates', () => {
    const code = [
      'const a = b / c / d // /no/',
      'const e = \'/no/\' + "/no/" /* /no/ */',
      'const f = `/no/ $' + '{/one/g.test(`$' + '{x / y}`)} /no/`',
      'return /two[/]\\//u',
      'if (/three/.test(z)) g(h) / 2',
    ].join('\n')
    expect(regexLiterals(code).map(({ source }) => source)).toEqual(['one', 'two[/]\\/', 'three'])
  })
})
