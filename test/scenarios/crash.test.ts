// The process dies at every single storage call between the first byte of a message and its mailbox, before the call's effect
// and after it. What got its 250 arrives exactly once; what did not, at most once.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { bounce, createFakeNotices } from '#test/support/fake-notices.ts'
import { randomFaults, seededRandom } from '#test/support/faults/plan.ts'
import { type FaultyStore, withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { runSeed } from '#test/support/seed.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const small = 'Subject: crash\r\n\r\nbody\r\n'
const large = `Subject: crash\r\n\r\n${'x'.repeat(70)}\r\n`.padEnd(100_000, 'line of text\r\n')

describe('a crash at any storage call', () => {
  let resources: AsyncDisposableStack
  let directory: string
  let clock: ReturnType<typeof manualClock>
  let remoteTakes: string[]

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    directory = resources.use(await temporaryFolder()).path
    clock = manualClock()
    remoteTakes = []
    await using store = await openEmbeddedStore({ directory, clock })
    const pipeline = createPipeline(store, clock)
    await pipeline.addAccount('ann@example.test')
    await pipeline.addAccount('bob@example.test')
    await pipeline.addAlias('both@example.test', [
      'ann@example.test',
      'bob@example.test',
      'x@one.test',
    ])
  })
  afterEach(() => resources.disposeAsync())

  const deliverRemote: AnswerRemote = async (message, _route, to) => {
    remoteTakes.push(message.queueId)
    return to.map(() => ({ kind: 'delivered', reply: '250 ok' }))
  }

  /** Sends one message and works until all is quiet or the process is dead; says whether the sender got its 250. */
  async function live(
    store: FaultyStore,
    text: string,
    to: readonly string[],
    answer: AnswerRemote = deliverRemote,
  ): Promise<boolean> {
    const pipeline = createPipeline(store, clock, {
      deliverRemote: answer,
      notices: createFakeNotices(bounce),
    })
    let accepted = false
    try {
      await pipeline.accept(text, to, { envelope: { sender: 'ann@example.test' } }, () => {
        accepted = true
      })
      await pipeline.settle()
      await pipeline.workers.sweeper.ringDue()
      await pipeline.workers.collector.collectDead()
    } catch {
      // Dead, or refused for now.
    }
    return accepted
  }

  /** A new process on the same data, some time later, without faults. */
  async function recover(answer: AnswerRemote = deliverRemote) {
    await using store = await openEmbeddedStore({ directory, clock })
    const pipeline = createPipeline(store, clock, {
      deliverRemote: answer,
      notices: createFakeNotices(bounce),
    })
    for (let round = 0; round < 5; round++) {
      clock.advance(20 * 60_000)
      await pipeline.workers.sweeper.ringDue()
      await pipeline.settle()
    }
    const left = await Array.fromAsync(pipeline.backend.operator.list())
    const [ann = [], bob = []] = await Promise.all(
      ['ann@example.test', 'bob@example.test'].map((address) => pipeline.inbox(address)),
    )
    return { ann, bob, left }
  }

  for (const [name, text] of [
    ['a small message', small],
    ['a message in a file', large],
  ] as const) {
    for (const effect of ['none', 'done'] as const) {
      it(`${name}: dies ${effect === 'none' ? 'before' : 'after'} each call`, async () => {
        let delivered = 0
        for (let call = 1; ; call++) {
          remoteTakes = []
          const inner = await openEmbeddedStore({ directory, clock })
          const store = withFaults(inner, { crashPoint: { call, effect } })
          const accepted = await live(store, text, ['both@example.test'])
          const { crashed } = store
          await store[Symbol.asyncDispose]()
          const after = await recover()
          const gained = after.ann.length - delivered
          expect({ call, gained: accepted ? 1 : Math.min(gained, 1) }).toEqual({ call, gained })
          expect({ call, bob: after.bob.length }).toEqual({ call, bob: after.ann.length })
          expect(after.ann.at(-1) ?? text).toContain(text)
          expect(after.left).toEqual([])
          // The only place where remote mail may double: between the peer's 250 and our writing it down.
          expect(remoteTakes.length).toBeLessThanOrEqual(gained + 1)
          expect(remoteTakes.length).toBeGreaterThanOrEqual(gained)
          delivered = after.ann.length
          if (!crashed) break
        }
        expect(delivered).toBeGreaterThan(5)
      }, 120_000)
    }
  }

  for (const effect of ['none', 'done'] as const) {
    it(`what fails for good: dies ${effect === 'none' ? 'before' : 'after'} each call, its sender is told once`, async () => {
      const refuse: AnswerRemote = async (_message, _route, to) =>
        to.map(() => ({ kind: 'failed', status: '5.1.1', reply: '550 nobody' }))
      let told = 0
      for (let call = 1; ; call++) {
        const inner = await openEmbeddedStore({ directory, clock })
        const store = withFaults(inner, { crashPoint: { call, effect } })
        const accepted = await live(store, small, ['x@one.test'], refuse)
        const { crashed } = store
        await store[Symbol.asyncDispose]()
        const { ann, left } = await recover(refuse)
        const gained = ann.length - told
        expect({ call, gained: accepted ? 1 : Math.min(gained, 1) }).toEqual({ call, gained })
        expect(left).toEqual([])
        expect(ann.at(-1) ?? '550 nobody').toContain('550 nobody')
        told = ann.length
        if (!crashed) break
      }
      expect(told).toBeGreaterThan(5)
    }, 120_000)
  }

  it('nor do throttling, lost answers, conflicts, torn reads and doubled doorbells lose or double', async () => {
    const seed = runSeed
    const random = seededRandom(seed)
    const plan = randomFaults(random, {
      throttled: 0.04,
      unanswered: 0.04,
      conflict: 0.1,
      torn: 0.3,
      duplicated: 0.2,
      delayed: 0.2,
    })
    const accepted: string[] = []
    const offered = 60
    const inner = await openEmbeddedStore({ directory, clock })
    await using store = withFaults(inner, { plan, random })
    for (let i = 0; i < offered; i++) {
      const text = `Subject: m${i}\r\n\r\nbody\r\n`
      if (await live(store, text, ['ann@example.test', 'bob@example.test'])) accepted.push(`m${i}`)
      clock.advance(70_000)
    }
    await store[Symbol.asyncDispose]()
    const after = await recover()
    const subjects = (box: readonly string[]) =>
      box.map((text) => /^Subject: (m\d+)\r$/m.exec(text)?.[1] ?? 'none').sort()
    // Only an item whose bytes were refused can be left, and its sender got no 250.
    const reasons = new Set(after.left.map(({ message }) => `${message.state}: ${message.reason}`))
    reasons.delete('corrupt: its bytes are missing; its sender got no 250')
    expect({ seed, left: [...reasons] }).toEqual({ seed, left: [] })
    expect(new Set(subjects(after.ann)).size).toBe(after.ann.length)
    expect(subjects(after.bob)).toEqual(subjects(after.ann))
    expect({ seed, arrived: subjects(after.ann) }).toEqual({
      seed,
      arrived: expect.arrayContaining(accepted),
    })
    expect(accepted.length).toBeGreaterThan(offered / 3)
  }, 60_000)
})
