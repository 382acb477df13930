// Rules in a row are found in tables; a run that is traced looks at each. Both say the same, and take the same steps.

import { describe, expect, it } from 'vitest'
import { runScripts } from '#shared/sieve/run/interpreter.ts'
import { ruleTableAt } from '#shared/sieve/run/rule-table.ts'
import { Run } from '#shared/sieve/run/run.ts'
import { ScriptGenerator } from '#test/support/generated-sieve.ts'
import { seededRandom } from '#test/support/seed.ts'
import { compiled, contextOf, type Situation } from '#test/support/sieve.ts'

const REQUIRE = `require ["variables", "imap4flags", "editheader", "index", "copy", "fileinto",
  "comparator-i;unicode-casemap", "comparator-i;ascii-numeric", "subaddress"];\n`

const usual = `From: Ann <ann+x@example.com>, b@c.example
To: me@example.com, you@example.com
Subject: [list] Hello *World* 12
X-N: 12
X-N: 7

x
`

/** Of rules, one a line, behind them `keep`. */
async function skipping(rules: readonly string[], message = usual) {
  const { commands } = compiled(`${rules.map((rule) => `if ${rule} {}`).join('\n')}\nkeep;`)
  const run = new Run(contextOf({ message }), async () => 'missing')
  await run.message.header()
  return { next: (from: number) => ruleTableAt(commands, from)?.next(run, from), run }
}

const vain = [
  'header :contains "subject" "nothing"',
  'address :is "from" ["c@c.example", "d@c.example"]',
  'header :matches "subject" "*[project ?]*"',
  'anyof (address :domain :is ["to", "cc"] "a.example", size :over 1M)',
  'allof (header "x-n" "8", true)',
  'header :comparator "i;octet" "subject" "[LIST] hello *world* 12"',
]

describe('a table of rules', () => {
  it('passes over those that do not hold, and spends what they take', async () => {
    const { next, run } = await skipping(vain)
    expect(next(0)).toBe(vain.length)
    const script = compiled(vain.map((rule) => `if ${rule} {}`).join('\n'))
    const each: number[] = []
    const context = contextOf({ message: usual }, () => each.push(0))
    const result = await runScripts([{ name: 'a', script }], context, async () => undefined)
    expect(each.length).toBeGreaterThan(vain.length)
    expect(run.steps).toBe(result.steps)
  })

  it.each([
    'header :contains "subject" "HELLO"',
    'header "x-n" "7"',
    'address "from" "ann+x@example.com"',
    'header :matches "subject" "*world*"',
    'anyof (header "x-n" "8", address :localpart "to" "you")',
    'allof (header :contains "subject" "list", header "x-n" "8")',
    'size :under 1M',
  ])('stops before %s', async (rule) => {
    const { next } = await skipping([...vain.slice(0, 3), rule, ...vain.slice(3)])
    expect(next(0)).toBe(3)
    expect(next(3)).toBe(3)
    expect(next(4)).toBe(vain.length + 1)
  })

  it.each([
    ['looks at a field of parts', 'header :mime :anychild "subject" "nothing"'],
    ['looks at one of several fields', 'header :index 2 "x-n" "nothing"'],
    ['folds what is no ASCII', 'header :comparator "i;unicode-casemap" "subject" "nothing"'],
    ['is about the envelope', 'envelope "from" "nothing"'],
    ['has more keys than are soon found', `header :contains "subject" [${'"q",'.repeat(8)}"r"]`],
  ])('leaves one alone that %s', async (_, rule) => {
    const required = REQUIRE.replace('"copy"', '"copy", "mime", "envelope"')
    const { commands } = compiled(
      `${required}${[...vain, rule].map((each) => `if ${each} {}`).join('\n')}`,
    )
    expect(ruleTableAt(commands, 0)).not.toBeNull()
    expect(ruleTableAt(commands, vain.length)).toBeNull()
  })

  it('lets others have their turn when it has looked at much', async () => {
    const rules = Array.from({ length: 250 }, (_, i) => `header :contains "subject" "nothing ${i}"`)
    const { next, run } = await skipping(rules)
    const first = next(0) ?? 0
    expect(first).toBeLessThan(rules.length)
    expect(run.steps).toBeLessThan(600)
    expect(next(first)).toBe(rules.length)
  })

  it('looks at no field of many values, or of long ones', async () => {
    const many = `To: ${'a@b.example, '.repeat(16)}z@z.example\nSubject: ${'x'.repeat(1_001)}\n\n`
    const fewer = `To: ${'a@b.example, '.repeat(15)}z@z.example\nSubject: ${'x'.repeat(1_000)}\n\n`
    for (const rule of ['address "to" "nobody@b.example"', 'header :contains "subject" "y"']) {
      const rules = Array.from({ length: 4 }, () => rule)
      expect((await skipping(rules, many)).next(0)).toBe(0)
      expect((await skipping(rules, fewer)).next(0)).toBe(4)
    }
  })
})

describe('rules by chance', () => {
  it('say and take the same in tables and one by one', { timeout: 120_000 }, async () => {
    const random = new ScriptGenerator(seededRandom('rules in tables'))
    let [done, failed] = [0, 0]
    for (let i = 0; i < 300; i++) {
      const text = scriptBy(random)
      const script = compiled(text)
      const situation: Situation = {
        message: random.pick(messages),
        limits: { steps: random.pick([100_000, 100_000, 25, 60, 150, 400]) },
      }
      const results = [undefined, () => {}].map(async (trace) => {
        const context = contextOf(situation, trace)
        const result = await runScripts([{ name: 'a', script }], context, async () => undefined)
        return JSON.stringify(result, (key, value) => (key === 'message' ? undefined : value))
      })
      const [inTables, oneByOne] = await Promise.all(results)
      expect(inTables, text).toBe(oneByOne)
      if (oneByOne?.includes('"failed"')) failed++
      else done++
    }
    expect(Math.min(done, failed)).toBeGreaterThan(50)
  })
})

const messages = [
  usual,
  `From: =?utf-8?q?J=C3=BCrgen?= <j=C3=BCrgen@example.com>\nTo: "q q"@example.com\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe_StraSSe?= ${'x'.repeat(990)}\n\nx`,
  `Subject: ${'ö'.repeat(1_100)}\nTo: ${'a@b.example, '.repeat(20)}z@z.example\n\nx`,
]

function scriptBy(random: ScriptGenerator): string {
  const below = (limit: number) => random.below(limit)
  const pick = <T>(from: readonly T[]) => random.pick(from)
  const fields: readonly (readonly [string, string])[] = [
    ['header', '"subject"'],
    ['header', '["x-n", "subject", "from"]'],
    ['header :index 1', '"x-n"'],
    ['address', '["from", "to"]'],
    ['address :domain', '"to"'],
    ['address :detail', '"from"'],
    ['address :localpart', '["to", "cc", "from"]'],
  ]
  const frequent = [
    '"hello"',
    '"*wor*"',
    '["*ö*", "?*st*ss*"]',
    '""',
    '"12"',
    '"x"',
    '"example.com"',
  ]
  const rare = [
    '"zq"',
    '["zq", "zr"]',
    '"*zq*"',
    '"*zq*zr"',
    '"n@zz.example"',
    '["q1", "q2", "q3"]',
  ]
  const leaf = (): string => {
    if (below(8) === 0) return `size :${pick(['over', 'under'])} ${pick(['10', '1K', '1M'])}`
    const [test, names] = pick(fields)
    const match = pick(['', ':is', ':contains', ':matches'])
    const comparators = ['', ':comparator "i;octet"', ':comparator "i;unicode-casemap"']
    const isWhole = match === '' || match === ':is'
    const comparator = pick(
      isWhole ? [...comparators, ':comparator "i;ascii-numeric"'] : comparators,
    )
    return `${test} ${match} ${comparator} ${names} ${below(4) === 0 ? pick(frequent) : pick(rare)}`
  }
  const test = () =>
    pick([
      leaf,
      leaf,
      () => `anyof (${leaf()}, ${leaf()})`,
      () => `allof (${leaf()}, ${leaf()}, ${leaf()})`,
      () => `not ${leaf()}`,
    ])()
  const rule = (_: unknown, i: number) => {
    const block = pick([
      `addflag "f${i}";`,
      `set "a" "\${1}.\${a}";`,
      `addheader "x-n" "zq${i}";`,
      'addheader :last "subject" "zq";',
      `if ${leaf()} { addflag "g${i}"; }`,
      below(9) === 0 ? 'stop;' : 'removeflag "x";',
    ])
    return `if ${test()} { ${block} }${below(7) === 0 ? ` else { addflag "e${i}"; }` : ''}`
  }
  const rules = Array.from({ length: 3 + below(60) }, rule)
  return `${REQUIRE}${rules.join('\n')}\nfileinto :copy "x\${a}";`
}
