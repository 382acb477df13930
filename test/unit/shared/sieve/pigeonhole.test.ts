// The same scripts over the same messages here and in Debian's Pigeonhole. Where they differ it is said why.

import { describe, expect, it } from 'vitest'
import { compileScript } from '#shared/sieve/compile.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { pigeonholeOutcomes } from '#test/support/pigeonhole.ts'
import { isInstalled } from '#test/support/program.ts'
import { outcome } from '#test/support/sieve.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const plain = `From: coyote@desert.example
To: roadrunner@acme.example
Subject: I have a present for you
X-Number: 42

Look, I'm sorry.
`

const rich = `Return-Path: <b1ff@de.res.example>
From: "Müller, Jörg" <joerg+tag@Example.ORG>
Sender: list-bounces@lists.example
To: a@one.example, "b b"@two.example (comment),
 Friends: c@three.example, d+x+y@four.example;, Undisclosed:;
Cc: me+work@example.com
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?IGF1cyBLw7ZsbiDwn5iA?=
X-Empty:
X-Spaces:   two  words  
X-Folded: one
 two
X-Twice: first
X-Twice: second
X-Star: a*b?c\\d
X-Number: 0100
X-Brackets: [list] Re: hello

Body
`

type Case = {
  readonly test: string
  /** Beside fileinto. */
  readonly needs?: readonly string[]
  readonly on?: string
  /** What Pigeonhole makes otherwise, and why we do not. */
  readonly differs?: string
}

/** Each is asked in `if`: Pigeonhole and we say yes or no, or that it is no script. */
const tests: readonly Case[] = [
  // Match types and comparators.
  { test: 'header "x-number" "0100"' },
  { test: 'header :is "X-NUMBER" "100"' },
  { test: 'header :contains "subject" "present"', on: plain },
  { test: 'header :contains "subject" "PRESENT"', on: plain },
  { test: 'header :comparator "i;octet" :contains "subject" "PRESENT"', on: plain },
  { test: 'header :contains "subject" ""', on: plain },
  { test: 'header :is "x-empty" ""' },
  { test: 'header :contains "x-empty" ""' },
  { test: 'header :matches "x-empty" "*"' },
  { test: 'header :matches "x-empty" "?"' },
  { test: 'header :contains "x-absent" ""' },
  { test: 'header :matches "x-absent" "*"' },
  { test: 'header :is "x-spaces" "two  words"' },
  { test: 'header :is "x-folded" "one two"' },
  { test: 'header :is "x-twice" "second"' },
  { test: 'header :is ["x-absent", "x-twice"] ["third", "second"]' },
  { test: 'header :is "subject" "Grüße aus Köln 😀"' },
  { test: 'header :is "subject" "GRÜßE AUS KöLN 😀"' },
  { test: 'header :contains "subject" "grüße"' },
  { test: 'header :contains "subject" "utf-8"' },
  { test: 'header :matches "x-star" "a\\*b\\?c\\\\d"' },
  { test: 'header :matches "x-star" "a\\*b\\?c\\\\\\\\d"' },
  { test: 'header :matches "x-star" "a?b?c?d"' },
  { test: 'header :matches "x-star" "*\\\\**"' },
  { test: 'header :matches "x-number" "01*0*"' },
  { test: 'header :matches "x-number" "?*?*"' },
  { test: 'header :matches "x-number" "?????"' },
  { test: 'header :matches "x-number" "*00"' },
  { test: 'header :matches "x-number" "*1*1*"' },
  { test: 'header :matches "x-number" ""' },
  {
    test: 'header :matches "subject" "Gr?ße*"',
    differs: '? is one octet with i;ascii-casemap (RFC 5228 §2.7.1)',
  },
  { test: 'header :matches "subject" "Gr??ße*"' },
  {
    test: 'header :matches :comparator "i;unicode-casemap" "subject" "GR?SSE*"',
    needs: ['comparator-i;unicode-casemap'],
    differs: 'it has no i;unicode-casemap',
  },
  {
    test: 'header :is :comparator "i;unicode-casemap" "subject" "GRÜSSE AUS KÖLN 😀"',
    needs: ['comparator-i;unicode-casemap'],
    differs: 'it has no i;unicode-casemap',
  },
  {
    test: 'header :comparator "i;ascii-numeric" "x-number" "100"',
    needs: ['comparator-i;ascii-numeric'],
  },
  {
    test: 'header :comparator "i;ascii-numeric" :contains "x-number" "1"',
    needs: ['comparator-i;ascii-numeric'],
  },
  { test: 'header :comparator "i;nonsense" "x-number" "100"' },
  { test: 'header :comparator "i;ascii-numeric" "x-number" "100"' },
  {
    test: 'header :comparator "i;ascii-numeric" "x-spaces" "words"',
    needs: ['comparator-i;ascii-numeric'],
  },
  // Relational.
  { test: 'header :count "eq" "x-twice" "2"', needs: ['relational'] },
  { test: 'header :count "ge" "x-twice" "10"', needs: ['relational'] },
  {
    test: 'header :count "ge" :comparator "i;ascii-numeric" "x-twice" "10"',
    needs: ['relational', 'comparator-i;ascii-numeric'],
  },
  { test: 'header :count "eq" "x-absent" "0"', needs: ['relational'] },
  {
    test: 'header :value "gt" :comparator "i;ascii-numeric" "x-number" "99"',
    needs: ['relational', 'comparator-i;ascii-numeric'],
  },
  { test: 'header :value "lt" "x-number" "99"', needs: ['relational'] },
  { test: 'header :value "ne" "x-twice" "first"', needs: ['relational'] },
  { test: 'header :value "gt" "x-twice" "FIRST"', needs: ['relational'] },
  { test: 'header :value "above" "x-twice" "FIRST"', needs: ['relational'] },
  { test: 'header :value "gt" "x-twice" "FIRST"' },
  { test: 'address :count "eq" "to" "4"', needs: ['relational'] },
  { test: 'address :count "eq" "to" "6"', needs: ['relational'] },
  { test: 'address :count "eq" :domain ["to", "cc"] "5"', needs: ['relational'] },
  // Addresses.
  { test: 'address "from" "joerg+tag@example.org"' },
  { test: 'address :domain "from" "example.org"' },
  { test: 'address :localpart "from" "JOERG+TAG"' },
  { test: 'address :user "from" "joerg"', needs: ['subaddress'] },
  { test: 'address :detail "from" "tag"', needs: ['subaddress'] },
  { test: 'address :detail "to" "x+y"', needs: ['subaddress'] },
  { test: 'address :user "to" "d"', needs: ['subaddress'] },
  { test: 'address :detail "sender" "*"', needs: ['subaddress'] },
  { test: 'address :matches :detail "sender" "*"', needs: ['subaddress'] },
  { test: 'address :detail "from" "tag"' },
  { test: 'address "to" ""b b"@two.example"' },
  { test: 'address "to" "b b@two.example"', differs: 'quotes are no part of a local part' },
  { test: 'address "to" "c@three.example"' },
  { test: 'address :contains "to" "comment"' },
  { test: 'address :contains "to" "Friends"' },
  { test: 'address :contains "from" "ller"' },
  {
    test: 'address :contains "subject" "a"',
    differs: 'it refuses what fits nothing here, with a warning',
  },
  { test: 'address :all :domain "from" "x"' },
  { test: 'exists ["from", "to"]' },
  { test: 'exists ["from", "x-absent"]' },
  { test: 'exists "x-empty"' },
  { test: 'envelope "from" "coyote@desert.example"', needs: ['envelope'] },
  { test: 'envelope :detail "to" "work"', needs: ['envelope', 'subaddress'] },
  { test: 'envelope "nobody" "x"', needs: ['envelope'] },
  { test: 'envelope "from" "x"' },
  { test: 'size :over 100' },
  { test: 'size :under 100' },
  { test: 'size :over 1K' },
  { test: 'size 100' },
  { test: 'size :over "100"' },
  // Tests of tests.
  { test: 'not false' },
  { test: 'anyof (false, true)' },
  { test: 'allof (true, not anyof (false, false))' },
  { test: 'allof true' },
  { test: 'not (true)' },
  { test: 'true true' },
  { test: 'anyof ()' },
  { test: 'header :is :is "a" "b"' },
  { test: 'header "a"' },
  { test: 'header "a" "b" "c"' },
  { test: 'header "a" 1' },
  { test: 'header "a" ["b", "c",]' },
  { test: 'header "from" :is "b"' },
  { test: 'header ["subject"] :contains ["a"]' },
  // Encoded characters.
  { test: 'header :contains "subject" "${unicode:FC}"', needs: ['encoded-character'] },
  { test: 'header :contains "subject" "${hex:c3 bc}"', needs: ['encoded-character'] },
  { test: 'header :contains "subject" "${unicode:110000}"', needs: ['encoded-character'] },
  { test: 'header :contains "subject" "${unicode:1F600}"', needs: ['encoded-character'] },
  { test: 'header :contains "subject" "${hex:c3 bc}"' },
  // Variables.
  { test: 'string "${a}" ""', needs: ['variables'] },
  {
    test: 'string "${a.b}" ""',
    needs: ['variables'],
    differs: 'a namespace that nothing brings is an error (RFC 5229 §3)',
  },
  { test: 'string "${a-b}" "${a-b}"', needs: ['variables'] },
  { test: 'string :count "eq" ["${a}", "b", ""] "1"', needs: ['variables', 'relational'] },
  {
    test: 'allof (header :matches "x-number" "*1*", string "${2}${1}" "000")',
    needs: ['variables'],
  },
  {
    test: 'allof (header :matches "x-number" "??*", string "${1}/${2}/${3}" "0/1/00")',
    needs: ['variables'],
  },
  {
    test: 'allof (header :matches "x-number" "*0*", string "${1}/${2}" "/100")',
    needs: ['variables'],
  },
  {
    test: 'allof (header :matches "x-number" "*1*", not header :matches "x-number" "x*", string "${1}" "0")',
    needs: ['variables'],
  },
  {
    test: 'anyof (allof (header :matches "x-number" "*1*", false), string "${1}" "0")',
    needs: ['variables'],
    differs: 'what matched is known however the test around it ends (RFC 5229 §3.2)',
  },
  { test: 'allof (header :matches "subject" "*e*", string "${1}" "Grüß")', needs: ['variables'] },
  {
    test: 'allof (header :matches "subject" "* 😀", string "${1}" "Grüße aus Köln")',
    needs: ['variables'],
  },
  {
    test: 'allof (header :matches "subject" "*", string "${0}" "Grüße aus Köln 😀", string "${10}" "")',
    needs: ['variables'],
  },
  // Regular expressions.
  { test: 'header :regex "x-number" "^0[[:digit:]]+$"', needs: ['regex'] },
  { test: 'header :regex "x-twice" "(fir|sec)(st|ond)"', needs: ['regex'] },
  { test: 'header :regex "x-twice" "SECOND"', needs: ['regex'] },
  { test: 'header :regex :comparator "i;octet" "x-twice" "SECOND"', needs: ['regex'] },
  {
    test: 'header :regex :comparator "i;octet" "subject" "^[^[:lower:]]+$"',
    on: plain,
    needs: ['regex'],
  },
  { test: 'address :regex "to" "d(\\\\+.*)?@four\\\\.example"', needs: ['regex'] },
  { test: 'header :regex "x-number" "1{1}0{2}$"', needs: ['regex'] },
  { test: 'header :regex "x-number" "0{3}"', needs: ['regex'] },
  { test: 'header :regex "x-number" "("', needs: ['regex'] },
  { test: 'header :regex "x-number" "*0"', needs: ['regex'] },
  { test: 'header :regex "x-number" "[0"', needs: ['regex'] },
  { test: 'header :regex "x-number" "a{1"', needs: ['regex'] },
  { test: 'header :regex "x-number" "[[:nonsense:]]"', needs: ['regex'] },
  {
    test: 'header :regex "x-number" "(0)1\\\\1"',
    needs: ['regex'],
    differs: 'the draft has no back-references',
  },
  { test: 'header :regex "x-number" ")"', needs: ['regex'] },
  { test: 'header :regex "x-number" ""', needs: ['regex'] },
  { test: 'header :regex "x-number" "0||1"', needs: ['regex'] },
  { test: 'header :regex "x-empty" "^$"', needs: ['regex'] },
  { test: 'header :regex "x-spaces" "two\\\\s+\\\\w+$"', needs: ['regex'] },
  {
    test: 'header :regex "x-number" "\\\\d"',
    needs: ['regex'],
    differs: 'it takes it for a d, which nobody means',
  },
  {
    test: 'header :regex "subject" "^Gr..e "',
    needs: ['regex'],
    differs: 'characters are not octets',
  },
  {
    test: 'header :regex :comparator "i;ascii-numeric" "x-number" "1"',
    needs: ['regex', 'comparator-i;ascii-numeric'],
  },
  { test: 'header :regex "x-number" "1"' },
  {
    test: 'allof (header :regex "x-brackets" "^\\\\[([^]]*)\\\\] *((re|aw): *)*(.*)$", string "${1}/${2}/${3}/${4}" "list/Re: /Re/hello")',
    needs: ['regex', 'variables'],
  },
  {
    test: 'allof (header :regex "x-number" "10", string "${0}" "10")',
    needs: ['regex', 'variables'],
  },
  {
    test: 'allof (header :regex "x-number" "(0|01)(1|10|100)(0*)", string "${1}/${2}/${3}" "01/0/0")',
    needs: ['regex', 'variables'],
  },
  {
    test: 'allof (header :regex "x-number" "(0|01)(00|100)", string "${1}/${2}" "0/100")',
    needs: ['regex', 'variables'],
    differs: 'the first group is as long as can be (POSIX.1 §9.1)',
  },
  {
    test: 'allof (header :regex "x-number" "(x)?(1)", string "${1}/${2}" "/1")',
    needs: ['regex', 'variables'],
  },
  {
    test: 'allof (header :regex "x-twice" "((s)|(e)|(c))+", string "${1}/${2}/${3}/${4}" "c/s/e/c")',
    needs: ['regex', 'variables'],
  },
  // Where it runs.
  { test: 'environment :contains "name" "Pigeonhole"', needs: ['environment'] },
  { test: 'environment "nothing.known" ""', needs: ['environment'] },
  { test: 'ihave "copy"', needs: ['ihave'] },
  { test: 'ihave "nonsense"', needs: ['ihave'] },
  { test: 'ihave ["copy", "nonsense"]', needs: ['ihave'] },
  { test: 'ihave "variables"', needs: ['ihave'] },
  {
    test: 'ihave "variables"',
    needs: ['ihave', 'variables'],
    differs: 'what is required is there (RFC 5463 §4, point 3)',
  },
  { test: 'allof (ihave "relational", header :count "eq" "x-twice" "2")', needs: ['ihave'] },
  { test: 'allof (ihave "nonsense", nonsense :much 1 "x")', needs: ['ihave'] },
  {
    test: 'allof (not ihave "nonsense", header :comparator "i;nonsense" "x" "y")',
    needs: ['ihave'],
    differs: 'it is an error when it is reached (RFC 5463 §4)',
  },
  { test: 'allof (ihave "nonsense", header :comparator "i;nonsense" "x" "y")', needs: ['ihave'] },
]

/** Each is run whole. */
const scripts: readonly { readonly script: string; readonly differs?: string }[] = [
  { script: '' },
  { script: 'keep;' },
  { script: 'discard;' },
  { script: 'keep; keep;' },
  { script: 'keep; discard;' },
  { script: 'discard; keep;' },
  { script: 'stop; discard;' },
  { script: 'redirect "bart@example.com";' },
  { script: 'redirect "bart"; ' },
  { script: 'redirect "Bart <bart@example.com>"; ' },
  { script: 'redirect "bart@example.com"; redirect "lisa@example.com"; keep;' },
  { script: 'require "copy"; redirect :copy "bart@example.com";' },
  { script: 'redirect :copy "bart@example.com";' },
  { script: 'require ["fileinto", "copy"]; fileinto :copy "A"; fileinto "B";' },
  { script: 'require "fileinto"; fileinto "A"; keep;' },
  { script: 'require "fileinto"; fileinto "A"; fileinto "A";' },
  { script: 'require "fileinto"; fileinto ["A"];' },
  { script: 'require "fileinto"; fileinto "";', differs: 'no folder is named nothing' },
  { script: 'fileinto "A";' },
  { script: 'require "nonsense";' },
  { script: 'keep; require "fileinto";' },
  { script: 'require "fileinto" ; /* a ; */ fileinto # b\n "A" ;' },
  { script: 'REQUIRE "fileinto"; IF TRUE { FileInto "A"; }' },
  { script: 'if true { keep; } else { discard; } elsif true { keep; }' },
  { script: 'if false { keep; } elsif false { keep; } else { discard; }' },
  { script: 'if true { }' },
  { script: 'if true keep;' },
  { script: 'elsif true { }' },
  { script: 'require ["fileinto", "variables"]; set :length "a" text:\nA\n.\n; fileinto "${a}";' },
  {
    script:
      'require ["fileinto", "variables"]; set :length "a" text: # c\n..A\n.\n; fileinto "${a}";',
  },
  { script: 'require "fileinto"; fileinto "a\\"b\\\\c\\d";' },
  { script: 'keep "x";' },
  { script: 'keep' },
  { script: '"keep";' },
  { script: 'if size :over 99999999999999999999 { discard; }' },
  { script: 'if size :over 1X { discard; }' },
  { script: 'require "ihave"; error "no";' },
  {
    script:
      'require ["ihave", "fileinto"]; if ihave "nonsense" { nonsense; } else { fileinto "A"; }',
  },
  {
    script: 'require "ihave"; fileinto "A";',
    differs: 'it is an error when it is reached (RFC 5463 §4)',
  },
  { script: 'require "ihave"; if ihave "fileinto" { fileinto "A"; }' },
  { script: 'require "ihave"; if not ihave "fileinto" { discard; } fileinto "A";' },
  { script: 'require "ihave"; if ihave "variables" { set "a" "b"; }' },
  { script: 'require "imapflags"; mark;' },
  // Variables.
  ...[
    'set "a" "b"; fileinto "${A}-${c}";',
    'set "a" "b"; fileinto "$${a}${";',
    'set "a" "${b"; fileinto "x${a}}";',
    'set "a" "x"; set "b" "${a}${a}"; fileinto "${b}";',
    'set :upper "a" "jüRgen"; fileinto "${a}";',
    'set :lower "a" "JüRGEN"; fileinto "${a}";',
    'set :lowerfirst :upper "a" "jüRgen"; fileinto "${a}";',
    'set :upperfirst "a" "jürgen x"; fileinto "${a}";',
    'set :quotewildcard "a" "Rock*?\\\\x"; fileinto "${a}";',
    'set :length "a" "jüR"; fileinto "${a}";',
    'set :length :quotewildcard "a" "a*"; fileinto "${a}";',
    'set :length :length "a" "a*"; fileinto "${a}";',
    'set :upper :lower "a" "a*"; fileinto "${a}";',
    'set "a.b" "x";',
    'set "1" "x";',
    'set "" "x";',
    'set "a" ["x"];',
    'set "${a}" "x";',
    'set "_a1" "x"; fileinto "${_a1}";',
    'if header :matches "x-number" "*1*" { fileinto "${1}${01}${2}"; }',
    'if header :matches "x-number" "*1*" { set "a" "${2}"; } if header :matches "x-twice" "f*" { } fileinto "${a}-${1}";',
  ].map((script) => ({ script: `require ["fileinto", "variables"]; ${script}` })),
  {
    script:
      'require ["fileinto", "variables", "regex"]; set :quoteregex "a" "a.b*(c)[d]{e}^$|?+\\\\-"; fileinto "${a}";',
    differs: 'it has no :quoteregex',
  },
  { script: 'set "a" "b";' },
  // Flags, and what goes together.
  ...[
    'setflag "\\\\Seen"; keep;',
    'setflag "\\\\Seen"; addflag ["\\\\Flagged work", "\\\\SEEN"]; removeflag "work"; fileinto "A";',
    'keep :flags ["\\\\Seen", "work"];',
    'fileinto :flags "" "A"; ',
    'addflag "\\\\Flagged"; fileinto :flags "work" "A"; keep;',
    'addflag "\\\\Flagged"; if hasflag "\\\\flagged" { fileinto "A"; }',
    'addflag "a b"; if hasflag :count "eq" "2" { fileinto "A"; }',
  ].map((script) => ({ script: `require ["fileinto", "imap4flags", "relational"]; ${script}` })),
  { script: 'require "reject"; reject "no";' },
  { script: 'require "reject"; reject "no"; keep;' },
  { script: 'require "reject"; keep; reject "no";' },
  { script: 'require ["reject", "fileinto"]; fileinto "A"; reject "no";' },
  { script: 'require "reject"; discard; reject "no";' },
  { script: 'require "reject"; reject "no"; reject "no";' },
]

const asked = tests.map(({ test, needs = [], on = rich }) => ({
  message: on,
  script: `require ${JSON.stringify(['fileinto', ...needs])};\nif ${test} { fileinto "yes"; } else { fileinto "no"; }\n`,
}))

async function here(script: string, message: string): Promise<readonly string[]> {
  if (compileScript(Buffer.from(script), vocabulary).kind === 'refused') return ['refused']
  const actions = await outcome(script, {
    message,
    envelope: { to: 'me+work@example.com' },
    environment: { name: 'Pigeonhole Sieve', phase: 'post', location: 'MDA' },
  })
  if (actions[0]?.startsWith('error')) return ['error']
  return actions.map((action) =>
    action.replace(/^keep/, 'fileinto INBOX').replace(/\[(.*)\]$/, (flags) => flags.toLowerCase()),
  )
}

/** Once into a folder, which is for delivery to see to here; flags in no order. */
function comparable(outcomes: readonly string[]): readonly string[] {
  const sorted = outcomes.map((each) => {
    const [, what = each, flags = ''] = /^(.*) \[(.*)\]$/.exec(each) ?? []
    return [what, ...flags.toLowerCase().split(' ').filter(Boolean).sort()].join(' ')
  })
  return sorted.filter((each, i) => !each.startsWith('fileinto') || sorted.indexOf(each) === i)
}

describe.skipIf(!isInstalled('sieve-test'))('what Pigeonhole does', () => {
  it('is done here, but where it is said', { timeout: 120_000 }, async () => {
    const run = scripts.map(({ script }) => ({ script: `${script}\n`, message: rich }))
    const cases = [...asked, ...run]
    const names = [...tests, ...scripts.map(({ script, ...rest }) => ({ test: script, ...rest }))]
    await using folder = await temporaryFolder()
    const theirs = await pigeonholeOutcomes(folder.path, cases)
    const unsaid: object[] = []
    for (const [i, { script, message }] of cases.entries()) {
      const ours = comparable(await here(script, message))
      const isSame = JSON.stringify(ours) === JSON.stringify(comparable(theirs[i] ?? []))
      const { test, differs } = names[i] ?? { test: '', differs: undefined }
      if (isSame !== (differs === undefined))
        unsaid.push({ test, differs, ours, theirs: theirs[i] })
    }
    expect(unsaid).toEqual([])
  })
})
