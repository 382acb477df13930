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

/** Of one message, the mean of a batch. */
type Cost = { readonly ms: number; readonly userUs: number; readonly systemUs: number }

export async function benchSieve(rounds: number): Promise<void> {
  const ways = [
    { name: 'no script', script: undefined },
    { name: 'one rule', script: rules(1) },
    { name: `${RULES} rules`, script: rules(RULES) },
  ].map((way) => ({ ...way, costs: Array.of<Cost>() }))
  for (let round = 0; round < rounds; round++) {
    const costs = await costsOf(ways.map(({ script }) => script))
    for (const [i, way] of ways.entries()) way.costs.push(...(costs[i] ?? []))
  }
  const [without] = ways
  /** What a batch took beside the one without a script that came right before it or behind it. */
  const more = (costs: readonly Cost[], of: (cost: Cost) => number) => {
    const ratios = costs.map((cost, i) => of(cost) / of(without?.costs[i] ?? cost))
    return `${((median(ratios) - 1) * 100).toFixed(0)} %`
  }
  const all = `${rounds} rounds of ${MESSAGES / BATCH} batches`
  console.log(
    `from the spool into ${ACCOUNTS} mailboxes, none filed by a rule; ${all}, their median:`,
  )
  printTable(
    ['script', 'messages/s', 'time more', 'CPU us/message', 'CPU more', 'kernel us/message'],
    ways.map(({ name, costs }) => [
      name,
      median(costs.map(({ ms }) => 1_000 / ms)).toFixed(0),
      more(costs, ({ ms }) => ms),
      median(costs.map(({ userUs }) => userUs)).toFixed(0),
      more(costs, ({ userUs }) => userUs),
      median(costs.map(({ systemUs }) => systemUs)).toFixed(0),
    ]),
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
async function costsOf(
  scripts: readonly (string | undefined)[],
): Promise<readonly (readonly Cost[])[]> {
  const worlds: World[] = []
  try {
    for (const script of scripts) worlds.push(await openWorld(script))
    const costs = worlds.map(() => Array.of<Cost>())
    for (const world of worlds) await world.send(0, WARM)
    for (let batch = 0; batch < MESSAGES / BATCH; batch++) {
      // Nobody is always behind the same one.
      for (let turn = 0; turn < worlds.length; turn++) {
        const place = (batch + turn) % worlds.length
        const world = worlds[place]
        if (world !== undefined) costs[place]?.push(await costOf(world, WARM + batch * BATCH))
      }
    }
    return costs
  } finally {
    for (const world of worlds) await world.close()
  }
}

async function costOf(world: World, from: number): Promise<Cost> {
  const startMs = performance.now()
  const start = process.cpuUsage()
  await world.send(from, BATCH)
  const { user, system } = process.cpuUsage(start)
  const ms = performance.now() - startMs
  return { ms: ms / BATCH, userUs: user / BATCH, systemUs: system / BATCH }
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
