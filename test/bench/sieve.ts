// What a user's script costs at delivery: messages per second and CPU time of a message, into mailboxes with a script of 200 rules beside none, and
// how long a script of 64 KB takes to compile. The ways take turns, batch by batch, so that what else the machine does meets all of them.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { compileScript } from '#shared/sieve/compile.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { median, printTable, spread } from './table.ts'

const RULES = 200
const ACCOUNTS = 20
const WARM = 400
const MESSAGES = 1_000
const BATCH = 50
const COMPILED_BYTES = 64 * 1024

/** Of one message. */
type Cost = { readonly ms: number; readonly userUs: number; readonly systemUs: number }

export async function benchSieve(rounds: number): Promise<void> {
  const ways = [
    { name: 'no script', script: undefined },
    { name: 'one rule', script: rules(1) },
    { name: `${RULES} rules`, script: rules(RULES) },
  ].map((way) => ({ ...way, costs: Array.of<Cost>() }))
  for (let round = 0; round < rounds; round++) {
    const costs = await costOf(ways.map(({ script }) => script))
    for (const [i, { costs: all }] of ways.entries()) all.push(costs[i] ?? noCost)
  }
  const [without] = ways
  console.log(`from the spool into ${ACCOUNTS} mailboxes, none filed by a rule; ${rounds} rounds:`)
  printTable(
    [
      'script',
      'messages/s',
      'slower than without',
      'CPU us/message',
      'of the kernel',
      'more than without',
    ],
    ways.map(({ name, costs }) => {
      const than = (of: (cost: Cost) => number) =>
        percent(costs.map((cost, round) => of(cost) / of(without?.costs[round] ?? noCost)))
      return [
        name,
        spread(costs.map(({ ms }) => 1_000 / ms)),
        percent(
          costs.map(({ ms }, round) => (without?.costs[round]?.ms ?? 0) / ms),
          -1,
        ),
        spread(costs.map(({ userUs }) => userUs)),
        spread(costs.map(({ systemUs }) => systemUs)),
        than(({ userUs }) => userUs),
      ]
    }),
  )
  const source = Buffer.from(
    rules(2_000)
      .slice(0, COMPILED_BYTES)
      .replace(/\n[^\n]*$/, '\n'),
  )
  const times = Array.from({ length: 20 }, () => {
    const startMs = performance.now()
    const { kind } = compileScript(source, vocabulary)
    if (kind !== 'compiled') throw new Error('the script is refused')
    return performance.now() - startMs
  })
  console.log(`a script of ${source.length} bytes compiles in ${spread(times, 1)} ms`)
}

const noCost: Cost = { ms: Number.NaN, userUs: Number.NaN, systemUs: Number.NaN }

/** What is more than 1, or with -1 less. */
const percent = (ratios: readonly number[], sign: 1 | -1 = 1) =>
  `${(sign * (median(ratios) - 1) * 100).toFixed(0)} %`

/** As filters of lists and friends are; none of them holds. */
function rules(count: number): string {
  const all = Array.from({ length: count }, (_, n) => {
    const tests = [
      `header :contains "list-id" "list${n}.example.net"`,
      `address :is "from" "friend${n}@example.org"`,
      `header :matches "subject" "*[project ${n}]*"`,
      `anyof (address :domain :is ["to", "cc"] "d${n}.example.com", size :over ${n + 100}M)`,
    ]
    return `if ${tests[n % tests.length]} { fileinto "Folder ${n}"; stop; }`
  })
  return `require "fileinto";\n${all.join('\n')}\n`
}

type World = { send(from: number, count: number): Promise<void>; close(): Promise<void> }

/** Of each way, from stores of its own. */
async function costOf(scripts: readonly (string | undefined)[]): Promise<readonly Cost[]> {
  const worlds: World[] = []
  try {
    for (const script of scripts) worlds.push(await openWorld(script))
    const costs = worlds.map(() => ({ ms: 0, userUs: 0, systemUs: 0 }))
    for (const world of worlds) await world.send(0, WARM)
    for (let n = 0; n < MESSAGES; n += BATCH) {
      for (const [i, world] of worlds.entries()) {
        const cost = costs[i] ?? { ...noCost }
        const startMs = performance.now()
        const start = process.cpuUsage()
        await world.send(WARM + n, BATCH)
        const { user, system } = process.cpuUsage(start)
        cost.ms += (performance.now() - startMs) / MESSAGES
        cost.userUs += user / MESSAGES
        cost.systemUs += system / MESSAGES
      }
    }
    return costs
  } finally {
    for (const world of worlds) await world.close()
  }
}

async function openWorld(script: string | undefined): Promise<World> {
  const opened = await openEmbedded()
  const pipeline = createPipeline(opened.store, systemClock)
  const names = Array.from({ length: ACCOUNTS }, (_, n) => `u${n}@example.test`)
  for (const name of names) {
    const { id } = await pipeline.addAccount(name)
    if (script !== undefined) await activate(pipeline, id, script)
  }
  return {
    async send(from, count) {
      for (let n = from; n < from + count; n++) {
        await pipeline.accept(message(n), [names[n % names.length] ?? ''])
      }
      await pipeline.settle()
    },
    close: opened.close,
  }
}

async function activate(
  { backend }: ReturnType<typeof createPipeline>,
  id: AccountId,
  script: string,
): Promise<void> {
  const shelf = createScriptShelf({
    scripts: backend.directory.scripts,
    vocabulary,
    limits: { scriptBytesMax: 256 * 1024, scriptsMax: 0, storageBytesMax: 0 },
  })
  await shelf.put(id, 'filter', Buffer.from(script))
  await shelf.activate(id, 'filter')
}

const message = (n: number) =>
  [
    `Message-ID: <${n}@remote.test>`,
    'From: Somebody Else <somebody@remote.test>',
    'To: One <u1@example.test>, Two <u2@example.test>',
    'Cc: Three <three@remote.test>',
    'Date: Mon, 30 Nov 2026 12:00:00 +0000',
    `Subject: About thing number ${n}`,
    'Received: from a.remote.test by b.remote.test; Mon, 30 Nov 2026 12:00:00 +0000',
    '',
    'line\r\n'.repeat(300),
  ].join('\r\n')
