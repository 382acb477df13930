// Mail that goes out: 50 KB, 1.3 recipients, one destination, 10 % of it deferred, 1 % of the recipients returned. By the function delivery
// through a relay host or SES, or by the container `sender` directly. What SES asks, and bytes through the NAT gateway, are lines of their own.

import { HOURS_PER_MONTH, priceLists } from '#services/aws/prices.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { RELAY_SESSION_MS, SES_CALL_MS } from './latencies.ts'
import type { Entry } from './meter.ts'
import { type Line, linesOf, MILLION, money, type Part, printLines, totalOf } from './report.ts'
import { REGION, type Stage } from './stage.ts'
import { type BenchSystem, openSystem, SENDER } from './system.ts'

const MESSAGES = 60
const SAMPLE = 10
const RECIPIENTS = 1.3
const MESSAGE_GB = 50e-6
const DEFERRED_SHARE = 0.1
/** Attempts that a deferred message takes besides the first: within reach of the queue `deferred`, and beyond, where the sweeper sends the bell. */
const RETRIES = { near: 2, far: 2 } as const
/** Of the messages: a recipient is one group in nearly all of them. */
const RETURNED_SHARE = 0.01 * RECIPIENTS
const FAR_BACKOFF_SECONDS = 4_000
const SENDER_OF_ALL = 'load@remote.test'

const prices = priceLists[REGION]

const of = (operation: string, call: RegExp) => (entry: Entry) =>
  entry.operation === operation && call.test(entry.call)

const isDelivering = ({ operation }: Entry) => operation === 'delivery' || operation === SENDER
const byDeliverer = (call: RegExp) => (entry: Entry) => isDelivering(entry) && call.test(entry.call)

const parts: readonly Part[] = [
  { name: 'policy', has: ({ operation, call }) => operation === 'policy' && call !== 'log' },
  { name: 'spool: put', has: of('edge', /^PutObject/) },
  { name: 'queue item: put', has: of('edge', /queue/) },
  { name: 'decisions of policy', has: of('edge', /counters/) },
  {
    name: 'SQS incoming, active, deferred',
    has: ({ call }) => / (incoming|active|deferred)$/.test(call),
  },
  { name: 'cleanup: invocations', has: of('cleanup', /^invocation/) },
  { name: 'cleanup: reads', has: of('cleanup', /Get/) },
  { name: 'cleanup: split into groups', has: of('cleanup', /Transact/) },
  { name: 'delivery: invocations', has: byDeliverer(/^invocation/) },
  { name: 'delivery: object get', has: byDeliverer(/GetObject/) },
  { name: 'delivery: state of the destination', has: byDeliverer(/counters/) },
  { name: 'delivery: lease, result', has: byDeliverer(/queue|mail/) },
  { name: 'sweeper', has: ({ operation, call }) => operation === 'sweeper' && call !== 'log' },
  { name: 'logs', has: ({ call }) => call === 'log' },
]

type Way = 'relay host' | 'SES' | 'direct'
type Answer = 'takes' | 'defers' | 'refuses'

const results: { readonly [answer in Answer]: DeliveryResult } = {
  takes: { kind: 'delivered', reply: '250 2.0.0 Ok 0100018f3a6f7c2e-bb6c2f34-000000' },
  defers: {
    kind: 'deferred',
    status: '4.2.0',
    reply: '450 4.2.0 greylisted, try again later',
  },
  refuses: { kind: 'failed', status: '5.1.1', reply: '550 5.1.1 no such user here' },
}

export async function benchOutbound(stage: Stage): Promise<void> {
  await addSender(stage)
  const relay = await measure(stage, 'relay host')
  const columns = [relay, await measure(stage, 'SES'), await measure(stage, 'direct')]
  console.log('\nA million messages that go out (50 KB, 1.3 recipients): dollars')
  printLines(columns, 0)
  const fee = RECIPIENTS * prices['ses.send'].usd + MESSAGE_GB * prices['ses.send.gb'].usd
  console.log(`what SES asks besides, by its API or as the relay host: $${money(fee * MILLION)}`)
  const nat = RECIPIENTS * MESSAGE_GB * prices['vpc.nat.gb'].usd
  const idle = HOURS_PER_MONTH * prices['vpc.nat.hour'].usd
  console.log(
    `what the NAT gateway asks besides for what goes directly: $${money(nat * MILLION)}, and $${money(idle)} a month for being there`,
  )
  console.log(relay.times)
}

/** Who is told of what is returned has a mailbox here. */
async function addSender(stage: Stage): Promise<void> {
  const { backend } = await stage.openTask()
  const address = parseAddress(SENDER_OF_ALL)
  if (address === undefined) throw new Error(SENDER_OF_ALL)
  await backend.directory.domains.add(address.domain)
  const added = await backend.directory.accounts.add({ address, passwordHash: 'x' })
  if (added.kind === 'ok') await backend.mailbox.inbox(added.account.id)
}

async function measure(stage: Stage, way: Way) {
  const { meter } = stage
  const once = await open(stage, way)
  await meter.clear()
  for (let n = 0; n < MESSAGES; n += SAMPLE) await once.toEnd(n)
  await meter.settle()
  const lines = linesOf(meter.entries, parts, MESSAGES)
  const delivering = meter.entries.filter(isDelivering)
  const attempt = totalOf(linesOf(delivering, parts, MESSAGES))

  // The notice comes in as a message does, and into a mailbox.
  await once.toQueue(0)
  await meter.clear()
  await once.attempt('active', 'refuses')
  await once.system.work('incoming', once.groups(0))
  await meter.settle()
  const returned = totalOf(linesOf(meter.entries, parts, SAMPLE)) - attempt
  await once.system.close()

  const near = await retry(stage, way, 'near')
  const far = await retry(stage, way, 'far')
  const { policy, cleanup, delivery } = once.system
  const ms = ({ times }: typeof policy | typeof cleanup) =>
    (times.billedMs / times.invocations).toFixed(0)
  return {
    name: way,
    lines: [
      ...lines,
      line('deferrals', DEFERRED_SHARE * (RETRIES.near * near + RETRIES.far * far)),
      line('returned to senders', returned * RETURNED_SHARE),
      line('NLB 50 GB, Fargate 20 ms (assumed)', 0.48),
      ...(way === 'direct' ? [line('sender: Fargate 10 ms (assumed)', SENDER_USD)] : []),
    ],
    times: `billed milliseconds: policy ${ms(policy)}, cleanup ${ms(cleanup)}, delivery ${ms(delivery)} (${RELAY_SESSION_MS} of them with the relay host); deferrals at ${money(near)} and ${money(far)}, what is returned at ${money(returned)} a million`,
  }
}

/** One more attempt of a message that is deferred again. */
async function retry(stage: Stage, way: Way, reach: keyof typeof RETRIES): Promise<number> {
  const { meter } = stage
  const seconds = reach === 'near' ? 1 : FAR_BACKOFF_SECONDS
  const set = ['minimal', 'maximal'].map((which) => `${which}BackoffTime=${seconds}s`)
  const { system, toQueue, attempt } = await open(stage, way, set)
  await toQueue(0)
  await attempt('active', 'defers')
  await meter.clear()
  if (reach === 'far') {
    stage.later(FAR_BACKOFF_SECONDS * 1_000 * 2)
    await system.sweeper.invoke({ job: 'ring' })
  }
  await attempt('deferred', 'defers')
  await meter.settle()
  // The sweeper's own run and its queries are in the idle cost.
  const isIdle = ({ operation, call }: Entry) =>
    operation === 'sweeper' && /Query|invocation|log/.test(call)
  const entries = meter.entries.filter((entry) => !isIdle(entry))
  const usd = totalOf(linesOf(entries, parts, SAMPLE))
  // Nothing of it comes up again.
  if (reach === 'near') await attempt('deferred', 'takes')
  await system.close()
  return usd
}

async function open(stage: Stage, way: Way, more: readonly string[] = []) {
  const { meter } = stage
  let answer: Answer = 'takes'
  let tried = 0
  let objects: Awaited<ReturnType<Stage['openTask']>>['store']['objects'] | undefined
  const relay: AnswerRemote = async (message, _hop, recipients) => {
    for await (const _ of (await objects?.stream(message.object.key)) ?? []);
    const sessionMs = way === 'SES' ? SES_CALL_MS : RELAY_SESSION_MS
    await meter.time?.taking(sessionMs, async () => undefined)
    tried++
    return recipients.map(() => results[answer])
  }
  const route = way === 'relay host' ? ['relayhost=[relay.example.test]:587'] : []
  const set = ['mynetworks=127.0.0.0/8', ...route, ...more]
  const system: BenchSystem = await openSystem(stage, set, relay)
  objects = (await stage.openTask()).store.objects

  const messages = (from: number) => addressed.slice(from, from + SAMPLE)
  /** A relay host has all recipients of a message in one group. */
  const groups = (from: number) =>
    way === 'relay host'
      ? SAMPLE
      : messages(from).reduce(
          (sum, to) => sum + new Set(to.map((address) => address.split('@')[1])).size,
          0,
        )

  async function toQueue(from: number): Promise<void> {
    await system.send(messages(from))
    await system.work('incoming', SAMPLE)
  }

  async function attempt(name: 'active' | 'deferred', outcome: Answer): Promise<void> {
    answer = outcome
    const count = groups(0)
    if (way !== 'direct') return await system.work(name, count)
    const before = tried
    await system.workAsSender(() => tried >= before + count)
  }

  return {
    system,
    groups,
    toQueue,
    attempt,
    async toEnd(from: number) {
      await toQueue(from)
      await attempt('active', 'takes')
    },
  }
}

const addressed = Array.from({ length: MESSAGES }, (_, n) =>
  Array.from({ length: n % 10 < 3 ? 2 : 1 }, (_, i) => `r${i}@elsewhere${n}.test`),
)

/** What is more than the one task that is there anyhow. */
const SENDER_USD = 0.13

const line = (name: string, usd: number): Line => ({ name, usd, usage: {} })
