// Mail that goes out through a relay host: 50 KB, 1.3 recipients, one destination, 10 % of it deferred. What SES asks for
// relaying is a line of its own.

import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { priceLists } from '../../../cdk/prices.ts'
import { printTable } from '../table.ts'
import { RELAY_SESSION_MS } from './latencies.ts'
import type { Entry } from './meter.ts'
import { type Line, linesOf, MILLION, money, type Part, printLines, totalOf } from './report.ts'
import { REGION, type Stage } from './stage.ts'
import { openSystem } from './system.ts'

const MESSAGES = 60
const RECIPIENTS = 1.3
const MESSAGE_GB = 50e-6
/** Attempts that a deferred message takes besides the first, and the share of messages that are. */
const RETRIES = 4
const DEFERRED_SHARE = 0.1
const RETRY_MS = 2 * 3_600_000

const prices = priceLists[REGION]

const of = (operation: string, call: RegExp) => (entry: Entry) =>
  entry.operation === operation && call.test(entry.call)

const parts: readonly Part[] = [
  { name: 'policy', has: ({ operation, call }) => operation === 'policy' && call !== 'log' },
  { name: 'spool: put', has: ({ call }) => call === 'PutObject' },
  { name: 'queue item: put', has: of('edge', /queue/) },
  {
    name: 'SQS incoming, active, deferred',
    has: ({ call }) => / (incoming|active|deferred)$/.test(call),
  },
  { name: 'cleanup: invocations', has: of('cleanup', /^invocation/) },
  { name: 'cleanup: reads', has: of('cleanup', /Get/) },
  { name: 'cleanup: split into groups', has: of('cleanup', /Transact/) },
  { name: 'delivery: invocations', has: of('delivery', /^invocation/) },
  { name: 'delivery: object get', has: of('delivery', /GetObject/) },
  { name: 'delivery: lease, result', has: of('delivery', /queue|mail/) },
  { name: 'delivery: state of the destination', has: of('delivery', /counters/) },
  { name: 'sweeper', has: ({ operation, call }) => operation === 'sweeper' && call !== 'log' },
  { name: 'logs', has: ({ call }) => call === 'log' },
]

export async function benchOutbound(stage: Stage): Promise<void> {
  const { meter } = stage
  let deferring = false
  let objects: Awaited<ReturnType<Stage['openTask']>>['store']['objects'] | undefined
  const relay: AnswerRemote = async (message, _hop, recipients) => {
    for await (const _ of (await objects?.stream(message.object.key)) ?? []);
    await meter.time?.taking(RELAY_SESSION_MS, async () => undefined)
    return recipients.map(() =>
      deferring
        ? { kind: 'deferred', status: '4.2.0', reply: '450 4.2.0 greylisted, try again later' }
        : { kind: 'delivered', reply: '250 2.0.0 Ok 0100018f3a6f7c2e-bb6c2f34-000000' },
    )
  }
  const set = ['mynetworks=127.0.0.0/8', 'relayhost=[relay.example.test]:587']
  const system = await openSystem(stage, set, relay)
  objects = (await stage.openTask()).store.objects
  await meter.clear()
  const messages = Array.from({ length: MESSAGES }, (_, n) =>
    Array.from({ length: n % 10 < 3 ? 2 : 1 }, (_, i) => `r${i}@elsewhere${n}.test`),
  )
  for (let n = 0; n < MESSAGES; n += 10) {
    await system.send(messages.slice(n, n + 10))
    await system.work('incoming', 10)
    await system.work('active', 10)
  }
  await meter.settle()
  const once = linesOf(meter.entries, parts, MESSAGES)

  deferring = true
  await system.send(messages.slice(0, 10))
  await system.work('incoming', 10)
  await system.work('active', 10)
  await meter.clear()
  stage.later(RETRY_MS)
  await system.sweeper.invoke({ job: 'ring' })
  await system.work('active', 10)
  await meter.settle()
  // The sweeper's own run and its queries are in the idle cost.
  const isIdle = ({ operation, call }: Entry) =>
    operation === 'sweeper' && /Query|invocation|log/.test(call)
  const retries = meter.entries.filter((entry) => !isIdle(entry))
  const retry = totalOf(linesOf(retries, parts, 10))
  const shapes = await writesOf(stage, system, (isDeferring) => {
    deferring = isDeferring
  })
  await system.close()

  const lines = [
    ...once,
    line(`deferrals, at ${money(retry)} each`, retry * DEFERRED_SHARE * RETRIES),
    line('NLB 50 GB, Fargate 20 ms (assumed)', 0.48),
  ]
  console.log(
    '\nA million messages that go out through a relay host (50 KB, 1.3 recipients): dollars',
  )
  printLines([{ name: 'dollars', lines }], 0)
  const fee = RECIPIENTS * prices['ses.send'].usd + MESSAGE_GB * prices['ses.send.gb'].usd
  console.log(`what SES as the relay host asks besides: $${money(fee * MILLION)}`)
  const ms = (times: { billedMs: number; invocations: number }) =>
    (times.billedMs / times.invocations).toFixed(0)
  console.log('\nwrite request units of one message, its story among them:')
  printTable(
    ['message', 'queue', 'indexes', 'journal'],
    shapes.map(({ name, ...units }) => [
      name,
      ...Object.values(units).map((value) => value.toFixed(1)),
    ]),
  )
  console.log(
    `billed milliseconds: policy ${ms(system.policy.times)}, cleanup ${ms(system.cleanup.times)}, delivery ${ms(system.delivery.times)} (${RELAY_SESSION_MS} of them with the relay host)`,
  )
}

const shapes = [
  { name: 'one recipient, at the first try', recipients: 1, deferrals: 0 },
  { name: 'one recipient, deferred three times', recipients: 1, deferrals: 3 },
  { name: 'ten recipients by one relay host', recipients: 10, deferrals: 0 },
] as const
const SHAPED = 10

/** What the queue writes of messages of some shapes. */
async function writesOf(
  stage: Stage,
  system: Awaited<ReturnType<typeof openSystem>>,
  defer: (isDeferring: boolean) => void,
) {
  const { meter } = stage
  const all = []
  for (const [n, { name, recipients, deferrals }] of shapes.entries()) {
    await meter.clear()
    const messages = Array.from({ length: SHAPED }, (_, m) =>
      Array.from({ length: recipients }, (_, i) => `s${n}r${i}@shape${m}.test`),
    )
    defer(deferrals > 0)
    await system.send(messages)
    await system.work('incoming', 10)
    await system.work('active', 10)
    for (let tried = 1; tried <= deferrals; tried++) {
      defer(tried < deferrals)
      stage.later(RETRY_MS)
      await system.sweeper.invoke({ job: 'ring' })
      await system.work('active', 10)
    }
    await meter.settle()
    const units = (key: 'ddb.wru' | 'ddb.wru.index', call: RegExp) =>
      meter.entries.reduce(
        (sum, entry) => sum + (call.test(entry.call) ? (entry.usage[key] ?? 0) : 0),
        0,
      ) / SHAPED
    all.push({
      name,
      queue: units('ddb.wru', / queue Q/),
      indexes: units('ddb.wru.index', / queue Q/),
      journal: units('ddb.wru', / queue J/),
    })
  }
  return all
}

const line = (name: string, usd: number): Line => ({ name, usd, usage: {} })
