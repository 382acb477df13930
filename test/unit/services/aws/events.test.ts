import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleAuditTrail } from '#services/assembly/audit.ts'
import { assembleRecorder } from '#services/assembly/policy.ts'
import { createStoredEvents, LOOKED_BACK_MS_MAX, SETTLED_MS } from '#services/aws/events.ts'
import type { AuditEntry } from '#shared/administration/audit/entries.ts'
import type { EventScope, EventSource, EventTopic } from '#shared/events/event.ts'
import { figureItem, MINUTE_MS, minuteKey } from '#shared/figures/records.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'
import { origin } from '#test/support/origin.ts'

let world: Administered
let events: EventSource

beforeAll(async () => {
  world = await openAdministration()
  const { store, clock } = world.pipeline.backend
  events = createStoredEvents({ tables: store.tables, clock })
  await world.pipeline.addAccount('ann@ours.test')
})
afterAll(() => world[Symbol.asyncDispose]())

const all = () => true

async function begin(): Promise<string> {
  // What an earlier test did is over.
  world.clock.advance(10 * MINUTE_MS)
  return (await events.read({ topics: [], sees: all, limit: 10 })).last
}

type Asked = {
  readonly limit?: number
  readonly sees?: (topic: EventTopic, scope: EventScope) => boolean
}

const read = (
  after: string,
  topics: readonly EventTopic[],
  { limit = 100, sees = all }: Asked = {},
) => events.read({ after, topics, sees, limit })

/** By now all that was done is to be told. */
const settle = () => world.clock.advance(2 * SETTLED_MS)

const act = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: {
    accountId: null,
    name: 'olga',
    role: 'owner',
    via: 'local',
    token: null,
    steppedUp: true,
  },
  from: { address: '', client: '' },
  operation: 'accounts.update',
  object: 'accounts/ann@ours.test',
  accountId: null,
  domain: 'ours.test',
  requestId: null,
  ...more,
})

describe('events that are read from what is stored', () => {
  it('begin with now, and say nothing while nothing happens, by the same id', async () => {
    const first = await begin()
    settle()
    expect(await read(first, ['queue', 'jobs', 'directory', 'log'])).toEqual({
      events: [],
      last: first,
      reset: false,
    })
    world.clock.advance(3 * MINUTE_MS)
    const { last, reset } = await read(first, ['queue'])
    expect([last === first, reset]).toEqual([false, false])
  })

  it('tell of a message that came in, to whom its addresses are', async () => {
    const after = await begin()
    const queueId = await world.pipeline.accept('Subject: x\r\n\r\n', ['ann@ours.test'])
    await world.pipeline.settle()
    settle()
    const { events: told, last } = await read(after, ['queue'])
    expect(told).toMatchObject([
      {
        topic: 'queue',
        data: {
          queueId,
          what: 'message accepted',
          from: 'sender@remote.test',
          to: 'ann@ours.test',
        },
      },
    ])
    expect((await read(last, ['queue'])).events).toEqual([])
    const ofOther = await read(after, ['queue'], {
      sees: (_, { domains }) => domains.includes('other.test'),
    })
    expect(ofOther.events).toEqual([])
  })

  it('tell, by the figures, that messages of before were delivered', async () => {
    const after = await begin()
    const { store, clock } = world.pipeline.backend
    const values = new Map([
      ['delivered/local', 2],
      ['delivered/remote', 1],
      ['accepted', 9],
    ])
    const key = minuteKey(clock.now())
    await store.tables.counters.write({ put: figureItem(key, values, clock.now() / 1_000 + 900) })
    world.clock.advance(4 * MINUTE_MS)
    expect((await read(after, ['queue'])).events).toMatchObject([
      { data: { what: 'queue moved', delivered: 3 } },
    ])
  })

  it('tell of a job whenever it went on, and when it ended', async () => {
    const after = await begin()
    const { jobs } = world.pipeline.backend
    const job = await jobs.begin({
      kind: 'export',
      input: {},
      owner: { accountId: null, name: 'olga' },
    })
    settle()
    const begun = await read(after, ['jobs'])
    expect(begun.events).toMatchObject([{ topic: 'jobs', data: { id: job.id, state: 'waiting' } }])
    expect((await read(begun.last, ['jobs'])).events).toEqual([])
    await jobs.cancel(job.id)
    const { assembleJobRunner } = await import('#services/assembly/jobs.ts')
    await assembleJobRunner(world.pipeline.backend).run({ signal: new AbortController().signal })
    settle()
    expect((await read(begun.last, ['jobs'])).events).toMatchObject([
      { data: { id: job.id, state: 'cancelled' } },
    ])
  })

  it('tell of a change when it has ended, and not before; nothing of what was refused or looked at', async () => {
    const after = await begin()
    const trail = assembleAuditTrail(world.pipeline.backend)
    await trail.note(act({ operation: 'accounts.sessions' }), { code: 'ok', changes: [] })
    await trail.noteRefused(act({ operation: 'roles.set' }), 'no-right', 'x')
    const record = await trail.begin(act())
    settle()
    const before = await read(after, ['directory'])
    expect(before.events).toEqual([])
    const change = { what: 'account', name: 'ann@ours.test', before: { a: 1 }, after: { a: 2 } }
    await record.end({ code: 'ok', changes: [change as never] })
    settle()
    const { events: told } = await read(before.last, ['directory'])
    expect(told).toMatchObject([
      { topic: 'directory', data: { what: 'account', name: 'ann@ours.test', act: 'changed' } },
    ])
  })

  it('tell of an act whose end nobody knows that something may be other', async () => {
    const after = await begin()
    await assembleAuditTrail(world.pipeline.backend).begin(act())
    world.clock.advance(MINUTE_MS)
    expect((await read(after, ['directory'])).events).toMatchObject([
      { data: { what: 'accounts.update', name: 'ann@ours.test' } },
    ])
  })

  it('tell of refusals to whoever reads the log', async () => {
    const after = await begin()
    const { backend } = world.pipeline
    const recorder = assembleRecorder(backend)
    const queueId = newQueueId(backend.clock.now())
    recorder.note({
      ask: 'recipient',
      request: {
        ...{ queueId, origin: origin(null), sender: 'a@b.test', recipient: 'nobody@ours.test' },
        ...{ declaredBytes: 0, recipientsSoFar: 0, finalRecipientsSoFar: 0 },
      } as never,
      trail: [],
      lookups: {} as never,
      verdict: {
        kind: 'reject',
        reply: { code: 550, status: '5.1.1', text: 'User unknown' },
        restriction: 'reject_unlisted_recipient',
      },
    })
    await recorder.settle()
    settle()
    expect((await read(after, ['log'])).events).toMatchObject([
      {
        topic: 'log',
        data: {
          message: 'refused',
          fields: { queueId, reason: '550 5.1.1 (reject_unlisted_recipient)' },
        },
      },
    ])
  })

  it('come in pages that lose and repeat nothing', async () => {
    let after = await begin()
    const trail = assembleAuditTrail(world.pipeline.backend)
    for (let n = 0; n < 7; n++) {
      world.clock.advance(n % 3 === 0 ? 1 : 0)
      const change = { what: 'account', name: `n${n}@ours.test`, before: null, after: {} }
      await trail.note(act(), { code: 'ok', changes: [change as never] })
    }
    settle()
    const names: unknown[] = []
    for (;;) {
      const { events: told, last, reset } = await read(after, ['directory'], { limit: 4 })
      expect(reset).toBe(false)
      if (told.length === 0) break
      names.push(...told.map(({ data }) => Object(data).name))
      after = last
    }
    expect(names.sort()).toEqual(Array.from({ length: 7 }, (_, n) => `n${n}@ours.test`))
  })

  it('are to be looked at anew after too long, with an id of somebody else, and where there are too many', async () => {
    const after = await begin()
    world.clock.advance(LOOKED_BACK_MS_MAX + MINUTE_MS)
    for (const id of [after, '1234abcd-5', 'stored-', `stored-${10 ** 14}`, 'x'.repeat(64)]) {
      expect(await read(id, ['queue']), id).toMatchObject({ events: [], reset: true })
    }
  })
})
