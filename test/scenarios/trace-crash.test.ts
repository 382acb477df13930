// The process dies at every storage call, before its effect and after it; what is told of the message afterwards is what became of it:
// whoever was said to have it has it, nobody is said to wait who does not, and no accepted message is without a story.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { fatesOf, type Story } from '#shared/queue/trace/story.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import { bounce, createFakeNotices } from '#test/support/fake-notices.ts'
import { type FaultyStore, withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const HOUR_MS = 3_600_000
const text = 'Message-ID: <crash@remote.test>\r\nSubject: crash\r\n\r\nbody\r\n'

describe('what is told after a crash at any storage call', () => {
  let resources: AsyncDisposableStack
  let directory: string
  let clock: ReturnType<typeof manualClock>
  /** Message and recipient, as the other side took them. */
  let taken: Set<string>
  let failed: Set<string>

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    directory = resources.use(await temporaryFolder()).path
    clock = manualClock()
    taken = new Set()
    failed = new Set()
    await using store = await openEmbeddedStore({ directory, clock })
    const pipeline = pipelineOn(store)
    await pipeline.addAccount('ann@example.test')
    await pipeline.addAlias('all@example.test', ['ann@example.test', 'x@one.test', 'no@two.test'])
  })
  afterEach(() => resources.disposeAsync())

  function pipelineOn(store: Store): Pipeline {
    return createPipeline(store, clock, {
      notices: createFakeNotices(bounce),
      deliverRemote: async ({ queueId }, _route, recipients) =>
        recipients.map(({ address }) => {
          const key = `${queueId} ${address}`
          if (address.startsWith('no')) {
            failed.add(key)
            return { kind: 'failed', status: '5.1.1', reply: '550 5.1.1 nobody' }
          }
          taken.add(key)
          return { kind: 'delivered', reply: '250 ok' }
        }),
    })
  }

  /** Works until all is quiet or the process is dead; the id, where its sender got 250. */
  async function live(store: FaultyStore): Promise<QueueId | undefined> {
    const pipeline = pipelineOn(store)
    let accepted = false
    let queueId: QueueId | undefined
    try {
      queueId = await pipeline.accept(
        text,
        ['all@example.test'],
        { envelope: { sender: 'ann@example.test' } },
        () => {
          accepted = true
        },
      )
      await pipeline.settle()
    } catch {
      // Dead, or refused for now.
    }
    return accepted ? queueId : undefined
  }

  /** What is told agrees with what is in the queue and what was handed over. */
  async function agrees(pipeline: Pipeline, story: Story): Promise<void> {
    const { queueId } = story.head
    const entry = await pipeline.backend.operator.show(queueId)
    expect(story.now.kind).toBe(entry === undefined ? 'ended' : 'queued')
    const waiting = new Set(
      (entry?.groups ?? []).flatMap(({ recipients }) => recipients.map(({ address }) => address)),
    )
    for (const { address, kind } of fatesOf(story)) {
      const key = `${queueId} ${address}`
      if (kind === 'waiting' || kind === 'deferred') expect(waiting).toContain(address)
      else expect(waiting).not.toContain(address)
      if (address === 'x@one.test' && kind === 'delivered') expect(taken).toContain(key)
      if (address === 'no@two.test' && kind === 'failed') expect(failed).toContain(key)
    }
  }

  for (const effect of ['none', 'done'] as const) {
    it(`${effect === 'none' ? 'before' : 'after'} each call`, async () => {
      let crashes = 0
      for (let call = 1; ; call++) {
        const inner = await openEmbeddedStore({ directory, clock })
        const faulty = withFaults(inner, { crashPoint: { call, effect } })
        const queueId = await live(faulty)
        const { crashed } = faulty
        await faulty[Symbol.asyncDispose]()
        await using store = await openEmbeddedStore({ directory, clock })
        const pipeline = pipelineOn(store)
        const { trace } = assembleAdministration(pipeline.backend, () => {})
        const look = async (what: string) => {
          const traced = await trace.find({ what, since: '3h' })
          return traced.kind === 'one' ? traced.story : undefined
        }
        const atOnce = queueId && (await look(queueId))
        if (queueId !== undefined)
          expect({ call, told: atOnce !== undefined }).toEqual({ call, told: true })
        if (atOnce !== undefined) await agrees(pipeline, atOnce)
        for (let round = 0; round < 5; round++) {
          clock.advance(20 * 60_000)
          await pipeline.workers.sweeper.ringDue()
          await pipeline.settle()
        }
        const story = queueId && (await look(queueId))
        if (story !== undefined) {
          await agrees(pipeline, story)
          expect({ call, now: story.now.kind }).toEqual({ call, now: 'ended' })
          const fates = fatesOf(story).map(({ address, kind }) => `${address} ${kind}`)
          expect({ call, fates: fates.sort() }).toEqual({
            call,
            fates: ['ann@example.test delivered', 'no@two.test failed', 'x@one.test delivered'],
          })
          // By whatever it is looked for.
          const traced = await trace.find({ what: '<crash@remote.test>', since: '3h' })
          const found =
            traced.kind === 'one' ? [traced.story] : traced.kind === 'several' ? traced.stories : []
          expect(found.map((one) => one?.head.queueId)).toContain(queueId)
          const births = story.steps.flatMap((step) =>
            step.kind === 'attempt' ? step.event.births.map((birth) => birth.queueId) : [],
          )
          expect({ call, births: births.length }).toEqual({ call, births: 1 })
          expect((await look(births[0] ?? ''))?.head.bornOf).toBe(queueId)
        }
        // What is looked at is of this call alone.
        clock.advance(24 * HOUR_MS)
        if (!crashed) break
        crashes++
      }
      expect(crashes).toBeGreaterThan(10)
    }, 120_000)
  }
})
