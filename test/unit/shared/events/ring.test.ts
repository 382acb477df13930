import { describe, expect, it } from 'vitest'
import { eventSight } from '#shared/administration/event-sight.ts'
import { type EventTopic, eventTopics, type NewEvent } from '#shared/events/event.ts'
import { createLineEvents } from '#shared/events/line-events.ts'
import { createEventRing } from '#shared/events/ring.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import { owner } from '#test/support/api.ts'

const event = (topic: EventTopic, domain = ''): NewEvent => ({
  topic,
  scope: { domains: [domain], accountIds: [] },
  atMs: 0,
  data: () => ({ domain }),
})

const everything = { topics: eventTopics, sees: () => true, limit: 10 }

describe('events of a process', () => {
  it('are read from one to the next, in order over all topics', async () => {
    const ring = createEventRing({ feed: 'f' })
    const { last } = await ring.read(everything)
    for (const topic of ['jobs', 'queue', 'jobs', 'log'] as const) ring.publish(event(topic))
    const first = await ring.read({ ...everything, after: last, limit: 3 })
    expect(first.events.map(({ topic }) => topic)).toEqual(['jobs', 'queue', 'jobs'])
    const rest = await ring.read({ ...everything, after: first.last })
    expect(rest.events.map(({ topic }) => topic)).toEqual(['log'])
    const some = await ring.read({ ...everything, after: last, topics: ['queue'] })
    expect(some.events.map(({ id }) => id)).toEqual(['f-2'])
    expect(some.last).toBe('f-4')
  })

  it('of a topic that is flooded drive out none of another', async () => {
    const ring = createEventRing({ feed: 'f', keptMax: 5 })
    ring.publish(event('jobs'))
    for (let n = 0; n < 100; n++) ring.publish(event('log'))
    const jobs = await ring.read({ ...everything, after: 'f-0', topics: ['jobs'] })
    expect(jobs).toMatchObject({ reset: false, events: [{ id: 'f-1' }] })
    expect(await ring.read({ ...everything, after: 'f-0' })).toMatchObject({ reset: true })
    expect(await ring.read({ ...everything, after: 'f-96' })).toMatchObject({ reset: false })
  })

  it('are all there, or whoever asks is told that some are not', async () => {
    const ring = createEventRing({ feed: 'f', keptMax: 5 })
    for (let n = 0; n < 10; n++) ring.publish(event('log'))
    expect(await ring.read({ ...everything, after: 'f-4' })).toMatchObject({ reset: true })
    const whole = await ring.read({ ...everything, after: 'f-5' })
    expect(whole.reset).toBe(false)
    expect(whole.events.map(({ id }) => id)).toEqual(['f-6', 'f-7', 'f-8', 'f-9', 'f-10'])
    // Of a process that ran before, of none yet, of nobody.
    for (const after of ['e-7', 'f-11', 'f-', 'f-x', '']) {
      expect(await ring.read({ ...everything, after }), after).toMatchObject({ reset: true })
    }
  })

  it('are only those that are within sight, and go on past the others', async () => {
    const ring = createEventRing({ feed: 'f' })
    ring.publish(event('queue', 'example.org'))
    ring.publish(event('queue', 'example.net'))
    ring.publish(event('log', 'example.org'))
    const domains = ['example.org'].flatMap((text) => parseDomain(text) ?? [])
    const sees = eventSight({ ...owner, role: 'domain-admin', domains })
    const page = await ring.read({ ...everything, sees, after: 'f-0' })
    expect(page.events.map(({ id }) => id)).toEqual(['f-1'])
    expect(page.last).toBe('f-3')
    const none = eventSight({ ...owner, scopes: ['trace.read'] })
    expect((await ring.read({ ...everything, sees: none, after: 'f-0' })).events).toEqual([])
  })

  it('are made of lines of the log, without secrets, and of what becomes of a message', async () => {
    const ring = createEventRing({ feed: 'f' })
    const log = tappedLog(silentLog, createLineEvents(ring, { now: () => 5 }))
    const child = log.child({ service: 'delivery', queueId: '01' })
    child.info({ to: 'ann@example.org', password: 'x' }, 'delivered')
    child.debug({}, 'not told')
    log.error({ error: new Error('a\u001b[31m') }, 'bad')
    const { events } = await ring.read({ ...everything, after: 'f-0' })
    expect(events).toEqual([
      {
        ...{ id: 'f-1', topic: 'log', atMs: 5 },
        data: {
          ...{ level: 'info', message: 'delivered' },
          fields: {
            ...{ service: 'delivery', queueId: '01', to: 'ann@example.org' },
            password: '[hidden]',
          },
        },
      },
      {
        ...{ id: 'f-2', topic: 'queue', atMs: 5 },
        data: { queueId: '01', what: 'delivered', to: 'ann@example.org' },
      },
      {
        ...{ id: 'f-3', topic: 'log', atMs: 5 },
        data: {
          level: 'error',
          message: 'bad',
          fields: { error: expect.not.stringMatching('\u001b') },
        },
      },
    ])
  })
})
