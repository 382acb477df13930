import { describe, expect, it } from 'vitest'
import {
  createEventStreams,
  HEARTBEAT_MS,
  HOLDS_MS,
  STREAM_MS_MAX,
  STREAMS_MAX,
  STREAMS_OF_ACTOR_MAX,
} from '#services/api/event-stream.ts'
import { eventTopics, type NewEvent, noScope } from '#shared/events/event.ts'
import { createEventRing } from '#shared/events/ring.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const event = (n: number, topic: NewEvent['topic'] = 'jobs'): NewEvent => ({
  topic,
  scope: noScope,
  atMs: 0,
  data: () => ({ n }),
})

const all = { topics: eventTopics, sees: () => true, after: undefined }

function setUp(keptMax?: number) {
  const clock = new ManualClock()
  const ring = createEventRing({ feed: 'f', ...(keptMax && { keptMax }) })
  const streams = createEventStreams({ events: ring, clock })
  const leaving = new AbortController()
  const reader = { signal: leaving.signal, holds: async () => true }
  const open = (more = {}) => streams.open('ann', { ...all, ...more }, reader)
  return { clock, ring, streams, leaving, reader, open }
}

function readerOf(response: Response | undefined) {
  const reader = response?.body?.getReader()
  return async () => {
    const { value } = (await reader?.read()) ?? {}
    return value === undefined ? undefined : Buffer.from(value).toString()
  }
}

describe('a stream of events', () => {
  it('tells what is new at once, and that it lives while nothing is', async () => {
    const { clock, ring, open } = setUp()
    const read = readerOf(open())
    expect(await read()).toBe('retry: 2000\n\n')
    expect(await read()).toBe('id: f-0\n\n')
    const first = read()
    await clock.asleep()
    ring.publish(event(1))
    expect(await first).toBe(
      'id: f-1\nevent: jobs\ndata: {"at":"1970-01-01T00:00:00.000Z","n":1}\n\n',
    )
    const beat = read()
    await clock.asleep()
    await clock.advance(HEARTBEAT_MS)
    expect(await beat).toBe(': still here\n\n')
  })

  it('goes on behind the last event that was seen, and says when some were missed', async () => {
    const { ring, open } = setUp(3)
    for (let n = 1; n <= 5; n++) ring.publish(event(n))
    const goesOn = readerOf(open({ after: 'f-3' }))
    await goesOn()
    expect(await goesOn()).toContain('id: f-4\n')
    for (let n = 6; n <= 12; n++) ring.publish(event(n))
    const missed = readerOf(open({ after: 'f-3' }))
    await missed()
    expect(await missed()).toBe('event: reset\nid: f-12\ndata: {}\n\n')
    const restarted = readerOf(open({ after: 'e-3' }))
    await restarted()
    expect(await restarted()).toContain('event: reset')
  })

  it('is one of so many of all people, and gives its place back', async () => {
    const { streams, reader } = setUp()
    const openFor = (n: number) => streams.open(`p${n}`, all, reader)
    const first = openFor(0)
    for (let n = 1; n < STREAMS_MAX; n++) expect(openFor(n)).not.toBe(undefined)
    expect(openFor(STREAMS_MAX)).toBe(undefined)
    await first?.body?.cancel()
    expect(openFor(STREAMS_MAX)).not.toBe(undefined)
    expect(openFor(STREAMS_MAX + 1)).toBe(undefined)
  })

  it('has a number for each who opens some, and gives them back', async () => {
    const { streams, open, leaving, reader: first, clock } = setUp()
    const opened = Array.from({ length: STREAMS_OF_ACTOR_MAX }, () => open())
    expect(opened).not.toContain(undefined)
    expect(open()).toBe(undefined)
    expect(streams.open('bob', all, first)).not.toBe(undefined)
    await opened[0]?.body?.cancel()
    const again = open()
    expect(again).not.toBe(undefined)
    expect(open()).toBe(undefined)
    leaving.abort()
    const other = { ...first, signal: new AbortController().signal }
    expect(streams.open('ann', all, other)).not.toBe(undefined)
    // And none is open for ever: rights may have been taken away.
    const reader = readerOf(streams.open('cid', all, other))
    await reader()
    await reader()
    const ends = reader()
    await clock.asleep()
    await clock.advance(STREAM_MS_MAX)
    while ((await ends) !== undefined) if ((await reader()) === undefined) break
  })

  it('ends soon after whoever reads it may no more, however much is told meanwhile', async () => {
    const { clock, ring, streams, reader } = setUp()
    let asked = 0
    let mayRead = true
    const holds = async () => {
      asked++
      return mayRead
    }
    const read = readerOf(streams.open('ann', all, { ...reader, holds }))
    await read()
    await read()
    const told = async () => {
      const next = read()
      await clock.asleep()
      ring.publish(event(1))
      return await next
    }
    for (let n = 0; n < 3; n++) expect(await told()).toContain('event: jobs')
    expect(asked).toBe(0)
    mayRead = false
    await clock.advance(HOLDS_MS)
    // What it slept on is told by nobody any more.
    expect(await told()).toBe(undefined)
    expect(asked).toBe(1)
  })
})
