// What a hostile sender would try on any parser: one thing again and again, something before or behind it, nested, and one thing
// again and again followed by another. As byte strings or text of a given length.

export type Pattern = {
  readonly name: string
  /** Of about so many characters, never more. */
  readonly make: (length: number) => string
}

/** Every special character there is in mail, and what plain parsers, folding and normal forms stumble over. */
const units = [
  ...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ a0',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\xff',
  '\xc3\xa9',
  '\u202e',
  '\ud800',
  '\u0300',
  '\ufdfa',
  'İ',
  // addresses and header fields
  'a@',
  'a@,',
  '@a,',
  'a,',
  '<a',
  'a>',
  '<>',
  '<a@b>,',
  'a:b;',
  '()',
  '(a)',
  '(a',
  '"a"',
  '"\\"',
  '\\"',
  '[a]',
  'a.',
  '.a',
  ' .',
  'a b ',
  'a: b\r\n',
  'a\r\n',
  'a:\r\n b\r\n',
  '\r\n ',
  '\r\n\r\n',
  '\r\n\t',
  // MIME
  ';a=b',
  '; a="b"',
  ';a=',
  ';a*0=b',
  ";a*=''%41",
  '%41',
  "''",
  '=?',
  '?=',
  '=?a',
  '=?a?q?',
  '=?utf-8?q?=41?= ',
  '=?utf-8?q?=41?=',
  '=?utf-8?b?4?= ',
  '=41',
  '=4',
  '=\r\n',
  ' \r\n',
  'QUJD',
  'QQ==',
  '--',
  '--a',
  '--a\r\n',
  '--a--\r\n',
  'a--a\r\n',
  // subjects, dates, texts
  'Re: ',
  'Re[4]: ',
  '[a] ',
  '(fwd)',
  'Fwd: [',
  '1 Jan ',
  '<!--',
  '-->',
  '<style>',
  '</',
  '<a ',
  '&#',
  '&amp',
  '&#x',
  '&amp;',
  '> ',
  // commands
  '&-',
  '&AAA-',
  '&AGE-',
  '&A',
  '*%',
  '*a',
  '%a',
  'a/',
  '*/',
  '1:2,',
  '1,',
  '1:*,',
  '4294967295,',
  'OR ',
  'NOT ',
  '(OR ',
  'ALL ',
  '{1+}',
  '+4',
  '+41',
  '=2C',
  'a=',
  'a=b,',
  'n,,n=',
  '192.0.2.1,',
  '::',
] as const

/** Those that open, close, part or quote something: each is tried before each. */
const turns = [
  '(',
  ')',
  '<',
  '>',
  '"',
  '\\',
  '@',
  ' ',
  'a',
  ',',
  ':',
  ';',
  '=',
  '?',
  '\r\n',
  '-',
] as const

export const patterns: readonly Pattern[] = [
  ...units.flatMap((unit) => [
    repeated(unit, '', ''),
    repeated(unit, '', 'x'),
    repeated(unit, 'x', ''),
    repeated(unit, '"', ''),
    // What looks for the last of something finds only the first ones in its way.
    repeated(unit, '', `x${unit}`),
  ]),
  ...turns.flatMap((one) =>
    turns.filter((other) => other !== one).map((other) => halves(one, other)),
  ),
]

function repeated(unit: string, before: string, after: string): Pattern {
  return {
    name: `${show(before)}${show(unit)}…${show(after)}`,
    make: (length) => {
      const times = Math.floor((length - before.length - after.length) / unit.length)
      return before + unit.repeat(Math.max(1, times)) + after
    },
  }
}

function halves(one: string, other: string): Pattern {
  return {
    name: `${show(one)}…${show(other)}…`,
    make: (length) =>
      one.repeat(Math.max(1, Math.floor(length / 2 / one.length))) +
      other.repeat(Math.max(1, Math.floor(length / 2 / other.length))),
  }
}

function show(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\')
}
