// RFC 5229, variables, section by section.

import { describe, expect, it } from 'vitest'
import {
  EXPANDED_CHARACTERS_MAX,
  VARIABLE_CHARACTERS_MAX,
  VARIABLES_CHARACTERS_MAX,
  VARIABLES_MAX,
} from '#shared/sieve/limits.ts'
import { findings, outcome } from '#test/support/sieve.ts'

const required = 'require ["variables", "fileinto", "relational", "envelope", "subaddress"];\n'

async function filed(script: string, message = 'Subject: Hi\n\nx'): Promise<string> {
  const [first = ''] = await outcome(required + script, { message })
  return first
}

/** What a string is once it is used. */
const meant = (text: string, before = '') => filed(`${before} fileinto "x${text}";`)

describe('§3 interpretation of strings', () => {
  it.each([
    // The example of the section, with company = ACME and its neighbours.
    ['&%${}!', '&%${}!'],
    ['${doh!}', '${doh!}'],
    ['${  company  }', '${  company  }'],
    ['${company}', 'ACME'],
    ['${BAD${Company}', '${BADACME'],
    ['${President, ${Company} Inc.}', '${President, ACME Inc.}'],
    ['${unset}', ''],
    ['${COMPANY}', 'ACME'],
    ['\\${company}', 'ACME'],
    ['${company', '${company'],
    ['$${company}}', '$ACME}'],
    ['${_x}${a1}', ''],
    ['${1a}', '${1a}'],
    ['${}', '${}'],
  ])('%s is %s', async (written, expected) => {
    expect(await meant(written, 'set "company" "ACME";')).toBe(`fileinto x${expected}`)
  })

  it('does not look into what a variable holds', async () => {
    expect(await meant('${b}', 'set "a" "1"; set "b" "${"; set "b" "${b}a}";')).toBe(
      'fileinto x${a}',
    )
  })

  it('knows no variables without require', async () => {
    expect(await outcome('require "fileinto"; fileinto "${a}";')).toEqual(['fileinto ${a}'])
  })

  it.each([
    ['${a.b}', 'line 2: no variables begin with a.'],
    ['${global.a}', 'line 2: ${global.…} needs require "include"'],
  ])('refuses %s, whose namespace nothing brings', (text, finding) => {
    expect(findings(`require ["variables", "fileinto"];\nfileinto "${text}";`)).toEqual([finding])
  })
})

describe('§3.1 quoting and encoded characters', () => {
  it.each([
    ['${hex:24}{a}', '$' + '{a}'],
    ['${unicode:24}${a}', '$1'],
    ['${hex:7B}', '{'],
  ])('encoded characters come first: %s', async (text, expected) => {
    const script = `require ["encoded-character", "variables", "fileinto"]; set "a" "1"; fileinto "x${text}";`
    // What they decode to may be read as a reference.
    expect(await outcome(script)).toEqual([`fileinto x${expected === '${a}' ? '1' : expected}`])
  })
})

describe('§3.2 match variables', () => {
  const message = `Subject: [acme-users] [fwd] version 1.0 is out
List-ID: Dev List <dev.lists.example>

x`
  it('are what the wildcards stand for, as short as can be from the left', async () => {
    const script = `if header :matches "Subject" "[*] *" { fileinto "\${1}|\${2}|\${0}"; }`
    expect(await filed(script, message)).toBe(
      'fileinto acme-users|[fwd] version 1.0 is out|[acme-users] [fwd] version 1.0 is out',
    )
  })

  it.each([
    ['"*"', '${1}', '[acme-users] [fwd] version 1.0 is out'],
    ['"*[*]*"', '${1}/${2}/${3}', '/acme-users/ [fwd] version 1.0 is out'],
    ['"?*?"', '${1}/${3}', '[/t'],
    ['"*?.?*"', '${2}.${3}', '1.0'],
    ['["x*", "*out"]', '${1}', '[acme-users] [fwd] version 1.0 is '],
  ])('%s', async (pattern, shown, expected) => {
    const script = `if header :matches "Subject" ${pattern} { fileinto "${shown}"; }`
    expect(await filed(script, message)).toBe(`fileinto ${expected}`)
  })

  it.each([
    ['a match that fails leaves them', 'not header :matches "Subject" "x*"', '[acme-users'],
    ['so do other match types', 'header :contains "Subject" "out"', '[acme-users'],
    [
      'the next match that succeeds changes all',
      'header :matches "List-ID" "Dev*"',
      ' List <dev.lists.example>',
    ],
  ])('%s', async (_name, test, expected) => {
    const script = `if allof (header :matches "Subject" "*] *", ${test}) { fileinto "\${1}"; }`
    expect(await filed(script, message)).toBe(`fileinto ${expected}`)
  })

  it('belong to tests from the left, no further than it takes', async () => {
    const script = `if anyof (header :matches "Subject" "*] *", header :matches "List-ID" "Dev*") { fileinto "\${1}"; }`
    expect(await filed(script, message)).toBe('fileinto [acme-users')
  })

  it('are as many as wildcards', async () => {
    const script = `if string :matches "abcdefghijkl" "????????????" { fileinto "\${9}\${10}\${12}\${13}"; }`
    expect(await filed(script)).toBe('fileinto ijl')
  })

  it('hold what stands in the message, in its own case', async () => {
    const script = `if header :matches "subject" "*ö*" { fileinto "\${1}-\${2}"; }`
    expect(await filed(script, 'Subject: =?utf-8?q?K=C3=B6ln?=\n\nx')).toBe('fileinto K-ln')
  })
})

describe('§4 set', () => {
  it.each([
    ['set "1" "x";', '"1" names no variable that can be set'],
    ['set "a b" "x";', '"a b" names no variable that can be set'],
    ['set "${a}" "x";', 'set takes no variables here'],
    ['set "a.b" "x";', 'variables that begin with a. cannot be set'],
    ['set :much "a" "x";', 'set has no :much'],
    ['set :upper :lower "a" "x";', ':lower and :upper exclude each other'],
    ['set :upperfirst :lowerfirst "a" "x";', ':lowerfirst and :upperfirst exclude each other'],
    ['set "a" ["x"];', 'set takes a string here'],
  ])('%s is refused', (script, message) => {
    expect(findings(`require "variables";\n${script}`)).toEqual([`line 2: ${message}`])
  })

  it('needs require', () => {
    expect(findings('set "a" "b";')).toEqual(['line 1: set needs require "variables"'])
  })
})

describe('§4.1 modifiers', () => {
  // The examples of the section.
  it.each([
    ['', 'juMBlEd lETteRS', 'juMBlEd lETteRS'],
    [':length', 'juMBlEd lETteRS', '15'],
    [':lower', 'juMBlEd lETteRS', 'jumbled letters'],
    [':upperfirst', 'juMBlEd lETteRS', 'JuMBlEd lETteRS'],
    [':upperfirst :lower', 'juMBlEd lETteRS', 'Jumbled letters'],
    [':quotewildcard', 'Rock*', 'Rock\\*'],
    [':upper', 'straße', 'STRAßE'],
    [':lowerfirst', 'ABC', 'aBC'],
    [':upperfirst', 'äb', 'äb'],
    [':length', 'a😀ä', '3'],
    [':length :quotewildcard', 'a*?', '5'],
    [':LENGTH', '', '0'],
  ])('%s of %s is %s', async (modifiers, value, expected) => {
    expect(await meant('${b}', `set "a" "${value}"; set ${modifiers} "b" "\${a}";`)).toBe(
      `fileinto x${expected}`,
    )
  })
})

describe('§5 test string', () => {
  const message = 'Subject: [acme] hi\nFrom: coyote@desert.example\n\nx'
  it('compares like header', async () => {
    const script = `set "state" "\${state} pending"; if string :matches " \${state} " "* pending *" { fileinto "yes"; }`
    expect(await filed(script, message)).toBe('fileinto yes')
  })

  it.each([
    ['"${unset}"', '0'],
    ['["a", "${unset}", "b"]', '2'],
    ['["", ""]', '0'],
  ])('%s counts as %s', async (strings, count) => {
    expect(await filed(`if string :count "eq" ${strings} "${count}" { fileinto "yes"; }`)).toBe(
      'fileinto yes',
    )
  })
})

describe('§6 limits', () => {
  it(`a value of ${VARIABLE_CHARACTERS_MAX} characters is kept, more is cut`, async () => {
    const long = 'a'.repeat(VARIABLE_CHARACTERS_MAX)
    expect(await meant('${l}', `set "a" "${long}"; set :length "l" "\${a}";`)).toBe(
      `fileinto x${VARIABLE_CHARACTERS_MAX}`,
    )
    expect(await meant('${l}', `set "a" "${long}b"; set :length "l" "\${a}";`)).toBe(
      `fileinto x${VARIABLE_CHARACTERS_MAX}`,
    )
    // Not through a character.
    const cut = `set "a" "${long.slice(1)}😀"; set :length "l" "\${a}";`
    expect(await meant('${l}', cut)).toBe(`fileinto x${VARIABLE_CHARACTERS_MAX - 1}`)
  })

  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => `set "v${i}" "x";`).join(' ')

  it('so many variables, and no more', async () => {
    expect(await outcome(required + many(VARIABLES_MAX))).toEqual(['keep'])
    expect(await outcome(required + many(VARIABLES_MAX + 1))).toEqual([
      `error: line 2: more than ${VARIABLES_MAX} variables`,
    ])
  })

  it('so many characters in all of them, and no more', async () => {
    const count = VARIABLES_CHARACTERS_MAX / VARIABLE_CHARACTERS_MAX
    const fill = (more: string) =>
      `set "a" "${'a'.repeat(VARIABLE_CHARACTERS_MAX)}"; ${Array.from({ length: count - 1 }, (_, i) => `set "v${i}" "\${a}";`).join(' ')} ${more}`
    expect(await outcome(required + fill(''))).toEqual(['keep'])
    expect(await outcome(required + fill('set "b" "x";'))).toEqual([
      `error: line 2: more than ${VARIABLES_CHARACTERS_MAX} characters in variables`,
    ])
  })

  it('a list is as long as one string may be', async () => {
    const each = 16
    const count = EXPANDED_CHARACTERS_MAX / VARIABLE_CHARACTERS_MAX / each
    const list = (strings: number) =>
      `set "a" "${'a'.repeat(VARIABLE_CHARACTERS_MAX)}"; if header :is "x" [${Array.from({ length: strings }, () => `"${'${a}'.repeat(each)}"`).join()}] {}`
    expect(await outcome(required + list(count))).toEqual(['keep'])
    expect(await outcome(required + list(count + 1))).toEqual([
      `error: line 2: strings of more than ${EXPANDED_CHARACTERS_MAX} characters`,
    ])
  })
})
