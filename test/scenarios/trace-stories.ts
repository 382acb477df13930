// What is told of real messages, from the queue's first item to its last; run on each driver.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Traced } from '#shared/administration/trace/trace.ts'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { fatesOf, type Story } from '#shared/queue/trace/story.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Store } from '#shared/storage/ports.ts'
import { bounce, createFakeNotices } from '#test/support/fake-notices.ts'
import { createPipeline, manualClock, origin, type Pipeline } from '#test/support/pipeline.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const letter = (messageId: string) =>
  `From: sender@remote.test\r\nMessage-ID: <${messageId}>\r\nSubject: secret\r\n\r\nbody\r\n`
const greylisted: DeliveryResult = {
  kind: 'deferred',
  status: '4.2.0',
  reply: 'host mx.away.test[192.0.2.9] said: 450 4.2.0 try again later (in reply to RCPT TO)',
}
const unknown: DeliveryResult = { kind: 'failed', status: '5.1.1', reply: '550 5.1.1 nobody' }
const taken: DeliveryResult = { kind: 'delivered', reply: '250 2.0.0 Ok: queued as 65' }
const relay = 'mx.away.test[192.0.2.9]:25'
const tls = 'Trusted TLS connection established to mx.away.test[192.0.2.9]:25: TLSv1.3'

type Opened = { readonly store: Store; close(): Promise<void> }

export function describeStories(name: string, open: (clock: Clock) => Promise<Opened>): void {
  describe(`the story of a message, ${name}`, () => {
    let opened: Opened
    let pipeline: Pipeline
    const clock = manualClock(Date.UTC(2026, 10, 20, 12))
    /** What the other side says to an address, in order; then `taken`. */
    const answers = new Map<string, DeliveryResult[]>()

    beforeAll(async () => {
      opened = await open(clock)
      pipeline = createPipeline(opened.store, clock, {
        notices: createFakeNotices(bounce),
        deliverRemote: async (_message, _route, recipients, onContact) => {
          clock.advance(1_500)
          onContact({ relay, connectMs: 500, tls })
          return recipients.map(({ address }) => answers.get(address)?.shift() ?? taken)
        },
      })
      await pipeline.addAccount('ann@example.test')
      await pipeline.addAccount('bob@example.test')
      await pipeline.addAlias('team@example.test', [
        'ann@example.test',
        'bob@example.test',
        'far@away.test',
      ])
    }, 60_000)
    afterAll(() => opened.close())

    async function look(what: string, spanMs = DAY_MS): Promise<Traced> {
      const { trace } = assembleAdministration(pipeline.backend, () => {})
      const traced = await trace.find({ what, since: `${Math.floor(spanMs / 1_000)}s` })
      if (traced.kind === 'bad-value') throw new Error(traced.value)
      return traced
    }

    async function storyOf(text: string): Promise<Story> {
      const traced = await look(text)
      if (traced.kind !== 'one' || traced.story === undefined) throw new Error(traced.kind)
      return traced.story
    }

    async function later(ms: number): Promise<void> {
      clock.advance(ms)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }

    const idsOf = (traced: Traced) =>
      traced.kind === 'several' ? traced.stories.map(({ head }) => head.queueId) : []
    const fates = (story: Story) =>
      fatesOf(story).map(({ address, original, kind }) => [address, original, kind])

    it('of one that is delivered here: all of it in one item that ends by itself', async () => {
      const login = { id: 'a1', login: 'ann@example.test' }
      const queueId = await pipeline.accept(letter('here@remote.test'), ['bob@example.test'], {
        origin: { ...origin(login), tls: { protocol: 'TLSv1.3', cipher: 'c' } },
        junk: true,
      })
      await pipeline.settle()
      const story = await storyOf(queueId)
      expect(story.head).toMatchObject({
        sender: 'sender@remote.test',
        recipients: ['bob@example.test'],
        messageId: '<here@remote.test>',
        junk: true,
        bornOf: null,
        origin: { account: login, tls: { protocol: 'TLSv1.3' }, remoteAddress: '192.0.2.1' },
      })
      expect(story.now).toMatchObject({ kind: 'ended', how: 'done' })
      expect(story.steps).toMatchObject([
        {
          event: {
            relay: 'local',
            results: [
              {
                kind: 'delivered',
                reply: 'uid 1 in Junk',
                recipients: [{ address: 'bob@example.test' }],
              },
            ],
          },
        },
      ])
      const { items } = await opened.store.tables.queue.query({ pk: `Q#${queueId}` })
      expect(items).toHaveLength(1)
      const text = JSON.stringify(items)
      expect(text).not.toContain('secret')
      expect(items[0]?.ttl).toBe((clock.now() + 14 * DAY_MS) / 1_000)
    })

    it('of one that is deferred, then taken: each attempt, what comes next, and the end', async () => {
      answers.set('x@away.test', [greylisted, greylisted])
      const queueId = await pipeline.accept(letter('away@remote.test'), ['x@away.test'])
      await pipeline.settle()
      const waiting = await storyOf('<away@remote.test>')
      expect(waiting.now).toMatchObject({ kind: 'queued', state: 'split' })
      expect(waiting.steps).toMatchObject([
        {
          to: { kind: 'remote', slot: 'away.test' },
          event: { relay, tls, tookMs: 1_500, connectMs: 500, nextMs: expect.any(Number) },
        },
      ])
      expect(fates(waiting)).toEqual([['x@away.test', 'x@away.test', 'deferred']])
      await later(HOUR_MS)
      await later(2 * HOUR_MS)
      const story = await storyOf(queueId)
      expect(
        story.steps.map((step) => step.kind === 'attempt' && step.event.results[0]),
      ).toMatchObject([
        { kind: 'deferred', status: '4.2.0', reply: greylisted.reply },
        { kind: 'deferred' },
        { kind: 'delivered', reply: taken.reply },
      ])
      expect(story.now).toMatchObject({ kind: 'ended', how: 'done', endedMs: clock.now() })
      expect(story.groups).toEqual([])
    })

    it('of one whose recipients end apart: each with what led to him', async () => {
      answers.set('far@away.test', [greylisted])
      const queueId = await pipeline.accept(letter('team@remote.test'), [
        'team@example.test',
        'y@other.test',
      ])
      await pipeline.settle()
      expect(new Set((await fates(await storyOf(queueId))).map(String))).toEqual(
        new Set([
          'ann@example.test,team@example.test,delivered',
          'bob@example.test,team@example.test,delivered',
          'far@away.test,team@example.test,deferred',
          'y@other.test,y@other.test,delivered',
        ]),
      )
      await later(HOUR_MS)
      const story = await storyOf(queueId)
      expect(story.now.kind).toBe('ended')
      expect(fates(story).map(([, , kind]) => kind)).toEqual(Array(4).fill('delivered'))
    })

    it('of one that is returned, with the notice; and the notice knows what it is of', async () => {
      answers.set('no@away.test', [unknown])
      const queueId = await pipeline.accept(letter('no@remote.test'), ['no@away.test'], {
        envelope: { sender: 'ann@example.test' },
      })
      await pipeline.settle()
      const story = await storyOf(queueId)
      const [step] = story.steps
      if (step?.kind !== 'attempt') throw new Error('no attempt')
      expect(step.event.results).toMatchObject([{ kind: 'failed', status: '5.1.1' }])
      expect(step.event.births).toMatchObject([
        { to: 'ann@example.test', what: 'sender non-delivery notification' },
      ])
      const [birth] = step.event.births
      const notice = await storyOf(birth?.queueId ?? '')
      expect(notice.head).toMatchObject({ bornOf: queueId, sender: '' })
      expect(fates(notice)).toEqual([['ann@example.test', 'ann@example.test', 'delivered']])
    })

    it('of one whose alias leads nowhere', async () => {
      await pipeline.addAlias('gone@example.test', ['nobody@example.test'])
      const queueId = await pipeline.accept(letter('gone@remote.test'), ['gone@example.test'])
      await pipeline.settle()
      const story = await storyOf(queueId)
      expect(story.now.kind).toBe('ended')
      expect(fates(story)).toEqual([['nobody@example.test', 'gone@example.test', 'failed']])
    })

    it('of one that an operator holds, releases and deletes', async () => {
      answers.set('held@away.test', [greylisted, greylisted])
      const { operator } = pipeline.backend
      const queueId = await pipeline.accept(letter('held@remote.test'), ['held@away.test'])
      await pipeline.settle()
      await operator.hold(queueId, 'looks odd')
      clock.advance(60_000)
      await operator.release(queueId)
      await pipeline.settle()
      await operator.remove(queueId)
      const story = await storyOf(queueId)
      expect(story.now).toMatchObject({ kind: 'ended', how: 'deleted' })
      expect(
        story.steps.map((step) =>
          step.kind === 'deed'
            ? [step.deed.kind, step.deed.reason]
            : step.event.results.map(({ kind }) => kind),
        ),
      ).toEqual([
        ['deferred'],
        ['held', 'looks odd'],
        ['released', null],
        ['deferred'],
        ['removed'],
      ])
    })

    it('of one that was on hold from the first on, and never came to cleanup', async () => {
      const queueId = await pipeline.accept(letter('odd@remote.test'), ['ann@example.test'], {
        held: 'policy says so',
      })
      const story = await storyOf('odd@remote.test')
      expect(story.now).toEqual({ kind: 'queued', state: 'held', reason: 'policy says so' })
      await pipeline.backend.operator.remove(queueId)
      expect((await storyOf('odd@remote.test')).now).toMatchObject({ how: 'deleted' })
    })

    it('of one that is expired by an operator: he fails once, in these words', async () => {
      answers.set('slow@away.test', [greylisted])
      const queueId = await pipeline.accept(letter('slow@remote.test'), ['slow@away.test'])
      await pipeline.settle()
      await pipeline.backend.operator.expire(queueId)
      await pipeline.settle()
      const story = await storyOf(queueId)
      expect(story.now.kind).toBe('ended')
      const [fate] = fatesOf(story)
      expect(fate).toMatchObject({ kind: 'failed', status: '5.4.7' })
      expect(fate?.reply).toMatch(/^administratively expired/)
    })

    it('is found by sender, recipient, whom an alias led to, and client; the newest first', async () => {
      const ids: QueueId[] = []
      for (const n of [1, 2, 3]) {
        clock.advance(DAY_MS)
        ids.push(
          await pipeline.accept(letter(`found${n}@remote.test`), ['team@example.test'], {
            envelope: { sender: 'Seldom@remote.test' },
            origin: { ...origin(null), remoteAddress: '2001:db8::25' },
          }),
        )
        await pipeline.settle()
      }
      const newest = ids.toReversed()
      expect(idsOf(await look('seldom@REMOTE.test', 4 * DAY_MS))).toEqual(newest)
      expect(idsOf(await look('far@away.test', 3 * DAY_MS - 1)).slice(0, 3)).toEqual(newest)
      expect(idsOf(await look('2001:db8::25', 4 * DAY_MS))).toEqual(newest)
      expect(idsOf(await look('[IPv6:2001:DB8::25]', 2 * DAY_MS - 1))).toEqual(newest.slice(0, 2))
      expect((await look('nobody@nowhere.test', 9 * DAY_MS)).kind).toBe('none')
    })

    it('is over when its time is over, and nothing of it is in the queue', async () => {
      const { backend } = pipeline
      const all = await Array.fromAsync(backend.operator.list())
      expect(all.map(({ message }) => message.queueId)).toEqual([])
      expect(await backend.operator.count()).toEqual({ incoming: 0, waiting: 0, held: 0 })
      clock.advance(15 * DAY_MS)
      expect((await look('<here@remote.test>', 60 * DAY_MS)).kind).toBe('none')
    })
  })
}
