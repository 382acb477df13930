// Mail that comes in: 50 KB, 1.2 recipients here, 6 of 10 mailboxes open in another task. Counted in bursts, where Lambda hands ten
// messages to one invocation, and one by one, where each has its own.

import { folderTopic } from '#shared/mailbox/keys.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Entry } from './meter.ts'
import { type Line, linesOf, money, type Part, printLines, totalOf } from './report.ts'
import type { Stage } from './stage.ts'
import { type BenchSystem, openSystem } from './system.ts'

/** Dollars for a million messages. */
const AIM = 17

/** Lines less than this above the plan are as planned. */
const TOLERATED = 0.05
const ACCOUNTS = 1_000
const BURST = 10
/** Hints are on their way for so long after the answer of a function. */
const HINTS_MS = 30

const scenarios = [
  { name: '10 mailboxes, bursts', mailboxes: 10, bursts: 10, size: BURST },
  { name: '1,000 mailboxes, bursts', mailboxes: ACCOUNTS, bursts: 15, size: BURST },
  { name: '1,000, one by one', mailboxes: ACCOUNTS, bursts: 50, size: 1 },
] as const
/** With policyRecordLifetime=0. */
const WITHOUT_RECORDS = { mailboxes: 10, bursts: 20, size: BURST }
/** The scenario that is compared with the plan. */
const MAIN = 1

/** Lines, what the price model planned for each (its scenario C: bursts, one blob a message), and why one costs more. */
const parts: readonly Part[] = [
  {
    name: 'decisions: records',
    planned: 0,
    why: 'what policy said of each recipient and filters of the message, for a week; policyRecordLifetime=0 saves it',
    has: ({ call }) => call.endsWith(' counters DECISION'),
  },
  {
    name: 'policy: look-ups',
    planned: 0.5,
    why: 'domain, address and catch-all read consistently for every RCPT, and what the account stores',
    has: ofPolicy('look-ups'),
  },
  {
    name: 'policy: invocations',
    planned: 0,
    why: 'policy is a function of its own: one invocation for every RCPT',
    has: ofPolicy('invocations'),
  },
  { name: 'spool: put', planned: 5, has: (entry) => entry.call === 'PutObject' },
  {
    name: 'queue item: put and delete',
    planned: 1.25,
    why: 'the item is in the due index, which is written with it, and may be above 1 KB',
    has: writes('queue'),
  },
  { name: 'SQS incoming', planned: 0.48, has: ({ call }) => call.endsWith(' incoming') },
  {
    name: 'cleanup: invocations',
    planned: 0.82,
    has: ({ operation, call }) => operation === 'cleanup' && call === 'invocation',
  },
  {
    name: 'cleanup: queue item, addresses',
    planned: 0,
    why: 'addresses are looked up again (they may have changed), then the account for its quota',
    has: ({ operation, call }) => operation === 'cleanup' && /directory|Get\w* queue/.test(call),
  },
  {
    name: 'cleanup: folders',
    planned: 0.2,
    why: 'the guard of INBOX, then for the transaction the folder and what the account stores',
    has: ({ operation, call }) => operation === 'cleanup' && /(Query|GetItem) mail A/.test(call),
  },
  {
    name: 'delivery: transactions',
    planned: 6.62,
    why: 'what the account stores is written too, and the blob item may be above 1 KB',
    has: writes('mail'),
  },
  {
    name: 'hints',
    planned: 0.38,
    has: ({ call }) => / watch$/.test(call) || /mail (W|T)$/.test(call),
  },
  {
    name: 'logs',
    planned: 0.38,
    why: "three lines of Lambda's own for every invocation, and the standard class, which metrics in logs need",
    has: ({ call }) => call === 'log',
  },
]

/** NLB: a GB is one NLCU. Fargate: 15 ms of an arm64 processor. */
const edge: Line = {
  name: 'NLB 50 GB, Fargate 15 ms (assumed)',
  usd: 0.43,
  planned: 0.43,
  usage: {},
}

function ofPolicy(kind: 'look-ups' | 'invocations') {
  return ({ operation, call }: Entry) =>
    operation === 'policy' && call !== 'log' && (call === 'invocation') === (kind === 'invocations')
}

function writes(table: string) {
  return ({ call }: Entry) =>
    new RegExp(`^(Put|Update|Delete|Transact|Batch)\\w*Items? ${table}`).test(call) &&
    !/Get/.test(call)
}

export async function benchInbound(stage: Stage): Promise<void> {
  const { meter } = stage
  const system = await openSystem(stage, [])
  const addresses = await system.addAccounts(ACCOUNTS)
  const used = scenarios.map(({ bursts, size }) => bursts * size * 2)
  const watching = await watchInboxes(stage, system, Math.max(...used))
  await play(system, addresses, { mailboxes: ACCOUNTS, bursts: 3, size: BURST })
  const columns = []
  for (const scenario of scenarios) {
    await meter.clear()
    const messages = await play(system, addresses, scenario)
    columns.push({ name: scenario.name, lines: [...linesOf(meter.entries, parts, messages), edge] })
  }
  await watching[Symbol.asyncDispose]()
  await system.close()
  const unrecorded = await openSystem(stage, ['policyRecordLifetime=0'])
  const others = await unrecorded.addAccounts(WITHOUT_RECORDS.mailboxes, 'o')
  await play(unrecorded, others, { ...WITHOUT_RECORDS, bursts: 2 })
  await meter.clear()
  const messages = await play(unrecorded, others, WITHOUT_RECORDS)
  const without = [...linesOf(meter.entries, parts, messages), edge]
  await unrecorded.close()
  console.log('\nA million messages that come in (50 KB, 1.2 recipients): dollars')
  printLines(columns, MAIN)
  const main = columns[MAIN]?.lines ?? []
  console.log(`\naim: $${AIM} in bursts; counted: $${money(totalOf(main))}; above the plan:`)
  for (const { name, usd, planned = 0, why } of main) {
    if (usd > planned + TOLERATED) console.log(`  ${name} +$${money(usd - planned)}: ${why}`)
  }
  const bytes = (kind: string) => meter.averageBytes(kind).toFixed(0)
  console.log(
    `bytes of items, of which 1,024 are a write unit: queue item ${bytes('queue Q')}, blob item ${bytes('mail B')}, decision ${bytes('counters DECISION')}`,
  )
  console.log(
    `billed milliseconds: policy ${billed(system.policy)}, cleanup ${billed(system.cleanup)}`,
  )
  const policyOf = (lines: readonly Line[]) =>
    totalOf(lines.filter(({ name }) => name === 'policy: invocations' || name === 'logs'))
  console.log(
    `decisions not recorded: policy billed ${billed(unrecorded.policy)}; its invocations and logs $${money(policyOf(without))}, recorded $${money(policyOf(main))}`,
  )
}

function billed({ times }: BenchSystem['policy'] | BenchSystem['cleanup']): string {
  const each = (ms: number) => (ms / times.invocations).toFixed(1)
  return `${each(times.billedMs)} (${each(times.processorMs)} of them processor)`
}

/** A task with sessions in 6 of 10 mailboxes. */
function watchInboxes(stage: Stage, system: BenchSystem, count: number): Promise<AsyncDisposable> {
  return stage.meter.run('watching task', async () => {
    const { store } = await stage.openTask()
    for (const [n, inbox] of system.inboxes.slice(0, count).entries()) {
      const { id } = await inbox()
      if (n % 5 < 3) await store.signals.subscribe(folderTopic(id), () => undefined)
    }
    return store
  })
}

/** Every fifth message has two recipients; they go round the mailboxes. */
async function play(
  system: BenchSystem,
  addresses: readonly string[],
  given: { readonly mailboxes: number; readonly bursts: number; readonly size: number },
): Promise<number> {
  const { mailboxes, bursts, size } = given
  let recipient = 0
  let sent = 0
  const next = () => addresses[recipient++ % mailboxes] ?? ''
  for (let burst = 0; burst < bursts; burst++) {
    const messages = Array.from({ length: size }, () =>
      sent++ % 5 === 0 ? [next(), next()] : [next()],
    )
    await system.send(messages)
    await system.settled()
    await system.work('incoming', size)
    await systemClock.sleep(HINTS_MS)
  }
  return sent
}
