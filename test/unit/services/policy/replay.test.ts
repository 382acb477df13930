import { expect, it } from 'vitest'
import { createPolicy } from '#services/policy/policy.ts'
import { type Decided, recordOf } from '#services/policy/records/recorder.ts'
import { createReplayedWorld, replayDecisions } from '#services/policy/replay.ts'
import { type Decision, dunno, type Restriction } from '#services/policy/restriction.ts'
import type { DecisionRecord, Replayed } from '#shared/contracts/decisions.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createFakeResolver, openFakeDns } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { annsAccount, policyLists, recipientRequest } from '#test/support/policy-facts.ts'

type Stages = Parameters<typeof policyLists>[0]

const directory = {
  resolve: async () => annsAccount,
  reach: async () => ({ kind: 'found', recipients: [] }) as never,
}
const parts = { directory, options: { hostname: 'mx.example.test' }, log: silentLog }

/** Refuses where this domain has no MX. */
const needsMx = (domain: string): Restriction => ({
  name: `needs_mx ${domain}`,
  async decide({ dns }): Promise<Decision> {
    const { kind } = await dns.resolveMx(domain)
    if (kind === 'found') return dunno
    return { kind: 'reject', reply: { code: 550, status: '5.1.8', text: kind } }
  },
})

/** What is kept of it where mail is decided about by these. */
async function recorded(stages: Stages, requests: readonly RecipientRequest[]) {
  const kept: DecisionRecord[] = []
  const note = (one: Decided) => kept.push(recordOf(one, 1_000))
  const openDns = openFakeDns({ 'a.test': { mx: ['10 mx.a.test'] } })
  const recorder = { note, async settle() {} }
  const policy = createPolicy({ ...parts, lists: policyLists(stages), openDns, recorder })
  let judged: RecipientRequest['judged']
  for (const request of requests) {
    const verdict = await policy.recipient({ ...request, ...(judged && { judged }) })
    judged = verdict.judged
  }
  return kept
}

async function replayed(records: readonly DecisionRecord[], stages: Stages, live?: Resolver) {
  const world = createReplayedWorld(live, new ManualClock())
  const { openDns } = world
  const policy = createPolicy({ ...parts, lists: world.lists(policyLists(stages)), openDns })
  const all: Replayed[] = []
  const source = (async function* () {
    yield* records
  })()
  for await (const one of replayDecisions(source, policy, world)) all.push(one)
  return all
}

const stagesOf = (...list: readonly Restriction[]) => ({ recipient: list })

it('decides from the answers of then, and tells what would be otherwise', async () => {
  const [a, b] = [needsMx('a.test'), needsMx('b.test')]
  const warned = stagesOf(a, { ...b, warnOnly: true })
  const records = await recorded(warned, [recipientRequest()])
  expect(await replayed(records, stagesOf(a, b))).toMatchObject([
    { isChanged: true, unknown: [], verdict: { kind: 'reject', restriction: 'needs_mx b.test' } },
  ])
  expect(await replayed(records, warned)).toMatchObject([{ isChanged: false, unknown: [] }])
})

it('does not know what was not asked then, unless the DNS is asked now', async () => {
  const records = await recorded(stagesOf(needsMx('a.test')), [recipientRequest()])
  const more = stagesOf(needsMx('a.test'), needsMx('c.test'))
  expect(await replayed(records, more)).toMatchObject([{ unknown: ['MX c.test'] }])
  const live = createFakeResolver({ 'c.test': { mx: ['10 mx.c.test'] } })
  expect(await replayed(records, more, live)).toMatchObject([{ isChanged: false, unknown: [] }])
  expect(live.questions).toEqual(['MX c.test'])
})

it('asks early stages again for each recipient, from the answers that stand with the first', async () => {
  const connect = [needsMx('a.test')]
  const requests = [recipientRequest(), recipientRequest({ recipientsSoFar: 1 })]
  const records = await recorded({ connect }, requests)
  expect(records.map(({ lookups }) => Object.keys(lookups))).toEqual([['MX a.test'], []])
  expect(await replayed(records, { connect })).toMatchObject([
    { isChanged: false, unknown: [] },
    { isChanged: false, unknown: [] },
  ])
})

it('knows what early stages said with the first recipient, and not what others said of him', async () => {
  const name = 'check_policy_service inet:127.0.0.1:10023'
  const asked = { name, decide: () => dunno }
  const requests = [recipientRequest(), recipientRequest({ recipientsSoFar: 1 })]
  const connect = { connect: [asked] }
  expect(await replayed(await recorded(connect, requests), connect)).toMatchObject([
    { unknown: [] },
    { unknown: [] },
  ])
  const [first, second] = await recorded(stagesOf(asked), requests)
  if (first === undefined || second === undefined) throw new Error('nothing was recorded')
  const unasked = { ...second, trail: [] }
  expect(await replayed([first, unasked], stagesOf(asked))).toMatchObject([
    { unknown: [] },
    { unknown: [name] },
  ])
})

it('knows nothing of one transaction from another', async () => {
  const list = stagesOf(needsMx('a.test'))
  const [first] = await recorded(list, [recipientRequest()])
  const [other] = await recorded({}, [recipientRequest({ queueId: 'R' as QueueId })])
  if (first === undefined || other === undefined) throw new Error('nothing was recorded')
  expect(await replayed([first, other], list)).toMatchObject([
    { unknown: [] },
    { unknown: ['MX a.test'] },
  ])
})

it('holds its clock at the hour of the decision, and passes over what filters said', async () => {
  const [record] = await recorded({}, [recipientRequest()])
  if (record?.ask !== 'recipient') throw new Error('nothing was recorded')
  const world = createReplayedWorld(undefined, new ManualClock(5))
  world.prepare(record)
  expect(world.clock.now()).toBe(1_000)
  const { queueId, origin } = record.request
  const content = { ...record, ask: 'content', request: { queueId, origin } } as never
  expect(await replayed([content], {})).toEqual([])
})
