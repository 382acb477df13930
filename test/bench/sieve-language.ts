// `npm run bench -- sieve-language [rounds]`: what reading a script costs in CPU of ours, steps per second, and the worst scripts over the worst messages: time,
// memory, and how long others wait for a turn. Stalls count what the machine does beside it.

import { compileScript } from '#shared/sieve/compile.ts'
import { BODY_BYTES_MAX, SCRIPT_BYTES_MAX, STEPS_MAX } from '#shared/sieve/limits.ts'
import { runScripts } from '#shared/sieve/run/interpreter.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { contextOf } from '#test/support/sieve.ts'
import { median, printTable } from './table.ts'

const usual = 'From: coyote@desert.example\nTo: me@example.com\nSubject: Hallo Welt\n\nBody\n'
const REQUIRED =
  'require ["fileinto","envelope","variables","relational","regex","imap4flags","comparator-i;unicode-casemap"];\n'

/** Rules as people and webmail write them. */
export function usualScript(rules: number): string {
  const rule = (i: number) => `# rule:[List ${i}]
if anyof (header :contains ["list-id", "x-list"] "list-${i}.example",
          allof (address :is :domain "from" "host-${i}.example", not header :matches "subject" "*urgent-${i}*"),
          header :regex "subject" "^\\\\[list-${i}\\\\]")
{
  addflag "list${i}";
  fileinto "Lists/List ${i}";
  stop;
}
`
  return REQUIRED + Array.from({ length: rules }, (_, i) => rule(i)).join('')
}

type Measured = { readonly ms: number; readonly stallMs: number; readonly mb: number }

/** The longest time between two turns of the event loop while it works, and the memory it has at most when others have a turn. */
async function measured<T>(work: () => Promise<T> | T): Promise<Measured & { readonly result: T }> {
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let last = performance.now()
  let stallMs = 0
  let most = before
  let isOver = false
  const turn = () => {
    const now = performance.now()
    stallMs = Math.max(stallMs, now - last)
    last = now
    most = Math.max(most, process.memoryUsage.rss())
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await new Promise(setImmediate)
  stallMs = 0
  const began = process.cpuUsage()
  try {
    const result = await work()
    const { user } = process.cpuUsage(began)
    await new Promise(setImmediate)
    return { result, ms: user / 1_000, stallMs, mb: (most - before) / 2 ** 20 }
  } finally {
    isOver = true
  }
}

function compiled(text: string) {
  const compilation = compileScript(Buffer.from(text), vocabulary)
  if (compilation.kind === 'compiled') return compilation.script
  throw new Error(JSON.stringify(compilation.findings[0]))
}

async function run(text: string, message: string, steps = STEPS_MAX) {
  const script = compiled(text)
  const context = contextOf({ message, limits: { steps } })
  return await runScripts([{ name: 'a', script }], context, async () => undefined)
}

/** As many pieces as fit into a script, and no more than so many. */
function filled(piece: string, head = '', tail = '', most = 20_000): string {
  const room = SCRIPT_BYTES_MAX - Buffer.byteLength(REQUIRED + head + tail)
  const count = Math.min(most, Math.floor(room / Buffer.byteLength(piece)))
  return REQUIRED + head + piece.repeat(count) + tail
}

const MB = 2 ** 20
const big = (value: string) => `Subject: ${value}\n\nx`
const letters = big('a'.repeat(MB - 2_000))
const umlauts = big('ä'.repeat(MB / 2 - 2_000))
const fields = `${'X-A: aaaaaaaa\n'.repeat(70_000)}\nx`
const a = '$' + '{a}'
const subject = (tags: string, key: string) => `if header ${tags} "subject" "${key}" {}\n`
const casemap = ':comparator "i;unicode-casemap"'

/** By name: the script, and the message if it is not the usual one. */
const attacks: readonly (readonly [string, string, string?])[] = [
  ['strings in a line', filled('"a",', 'if exists [', '"a"] {}', 9_999)],
  ['rules', filled('if header "a" "b" {}', '', '', 9_900)],
  ['elsif', filled('elsif true {}', 'if true {}', '', 9_900)],
  ['comments', filled('/**/', '', '', Infinity)],
  ['lines of text:', filled('..\n', 'fileinto text:\n', '.\n;', Infinity)],
  ['references', filled(a, 'set "a" "x"; fileinto "', '";', Infinity)],
  ['broken references', filled(a.slice(0, 3), 'fileinto "', '";', Infinity)],
  ['doubling variables', filled(`set "a" "${a}${a}";`, 'set "a" "xx";')],
  [
    'lists of variables',
    filled(`if string :contains "x" ["${a.repeat(8)}"] {}`, `set "a" "${'a'.repeat(8_000)}";`),
  ],
  ['is', filled(subject('', 'b')), letters],
  ['contains', filled(subject(':contains', 'aaaaaaaaaaaaaaab')), letters],
  [
    'contains, long key',
    filled(subject(':contains', `${'a'.repeat(60_000)}b${'a'.repeat(60_000)}`), '', '', 2),
    letters,
  ],
  [
    'contains, periods',
    filled(subject(':contains', `${'ab'.repeat(60_000)}b`), '', '', 2),
    big('ab'.repeat(MB / 2 - 2_000)),
  ],
  ['matches', filled(subject(':matches', '*a*?a*aaaa?aaab*a*b')), letters],
  [
    'matches, long segment',
    filled(subject(':matches', `*${'a'.repeat(50_000)}?${'a'.repeat(50_000)}b*`), '', '', 2),
    letters,
  ],
  ['matches, many *', filled(subject(':matches', `${'*a'.repeat(60_000)}b`), '', '', 2), letters],
  ['matches, Unicode', filled(subject(`:matches ${casemap}`, '*ö*?ö*')), umlauts],
  [
    'matches, marks',
    filled(subject(`:matches ${casemap}`, '*ö*?ö*')),
    big('\u0315\u0300'.repeat(MB / 4 - 2_000)),
  ],
  ['is, Unicode', filled(subject(casemap, 'ö')), umlauts],
  ['value', filled(subject(':value "lt"', 'a')), letters],
  ['regex, stars', filled(subject(':regex', '(a*)*(a|aa)*(a?){200}b'), '', '', 200), letters],
  [
    'regex, groups',
    filled(subject(':regex', '((a*)(a*)(a|aa)*(((a?))){20})*b'), '', '', 2),
    letters,
  ],
  [
    'regex, states',
    filled(subject(':regex', '(a?){250}(a?){250}(a?){250}(a?){250}b'), '', '', 2),
    letters,
  ],
  ['regex, anchored', filled(subject(':regex', '^b')), letters],
  ['regex, large', filled(subject(':regex', 'a{250}{15}'), '', '', 50)],
  ['fields', filled('if header :contains "x-a" ["b","c","d"] {}'), fields],
  ['names', filled('"x-a",', 'if header :contains [', '"x-a"] "b" {}', 9_999), fields],
  [
    'addresses',
    filled('if address :localpart :is "to" "zz" {}'),
    `To: ${'a@b.example, '.repeat(80_000)}c@d.example\n\nx`,
  ],
  [
    'encoded words',
    filled(subject(':contains', 'zz')),
    big('=?utf-8?b?w7bDtsO2?= '.repeat(49_000)),
  ],
  ['nested', filled(`if ${'not '.repeat(30)}true {}`, '', '', 600)],
  ['anyof of thousands', filled('false,', 'if anyof(', 'true) {}', 19_000)],
]

export async function benchSieveLanguage(given: string | undefined): Promise<void> {
  const rounds = Number(given ?? '5')
  console.log(
    `node ${process.version}; limits ${SCRIPT_BYTES_MAX} bytes, ${STEPS_MAX} steps, body ${BODY_BYTES_MAX}\n`,
  )
  const rows: string[][] = []
  for (const kb of [8, 64, 256]) {
    let rules = 1
    while (usualScript(rules + 1).length <= kb * 1024) rules++
    const text = usualScript(rules)
    const times: number[] = []
    for (let i = 0; i < rounds * 4; i++) times.push((await measured(() => compiled(text))).ms)
    const ran: number[] = []
    let steps = 0
    for (let i = 0; i < rounds * 4; i++) {
      const { ms, result } = await measured(() => run(text, usual))
      ran.push(ms)
      steps = result.steps
    }
    const run1 = median(ran) - median(times)
    rows.push([
      `${kb} KB, ${rules} rules`,
      median(times).toFixed(2),
      run1.toFixed(2),
      String(steps),
      ((steps / run1) * 1_000).toFixed(0),
    ])
  }
  printTable(['script', 'ms to compile', 'ms to run', 'steps', 'steps a second'], rows)
  console.log()
  console.log(
    ['ms to compile', 'ms', 'longest stall', 'MB', 'steps', 'KB', 'attack', 'end'].join('\t'),
  )
  for (const [name, script, message = usual] of attacks) {
    const reading = await measured(() => compiled(script))
    const { ms, stallMs, mb, result } = await measured(() => run(script, message))
    const end = result.kind === 'failed' ? result.reason : `${result.actions.length} actions`
    const figures = [reading.ms, ms, stallMs, mb, result.steps, script.length >> 10].map(Math.round)
    console.log([...figures, name, end.slice(0, 60)].join('\t'))
  }
}
