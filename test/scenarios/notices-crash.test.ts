// The process dies at every storage call of an attempt whose sender is to be told, before the call's effect and after it: he is told once.
// And a store that takes no bytes for a while: who failed, and who has his mail, waits for his sender to be told.

import { afterEach, beforeEach, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import type { Store } from '#shared/storage/ports.ts'
import { withFaults } from '#test/support/faults/with-faults.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const ann = 'ann@example.test'
const root = 'root@example.test'
const text = 'Subject: crash\r\n\r\nbody\r\n'
const recipients: readonly EnvelopeRecipient[] = [
  { address: 'bad@away.test', notify: ['FAILURE'], originalRecipient: null },
  { address: 'ok@away.test', notify: ['SUCCESS'], originalRecipient: null },
  { address: root, notify: ['SUCCESS'], originalRecipient: null },
]
const all = [
  'rfc822; bad@away.test failed 5.1.1',
  'rfc822; ok@away.test relayed 2.0.0',
  `rfc822; ${root} delivered 2.0.0`,
]

/** `address action status` of each. */
const reported = (notice: string): readonly string[] =>
  [...notice.matchAll(/^Final-Recipient: (.*)\r\nAction: (.*)\r\nStatus: (.*)\r$/gm)].map(
    ([, address, action, status]) => `${address} ${action} ${status}`,
  )

let clock: ReturnType<typeof manualClock>
let opened: OpenedEmbedded
let taken: number

beforeEach(async () => {
  clock = manualClock()
  opened = await openEmbedded({ clock })
  taken = 0
  const pipeline = createPipeline(opened.store, clock)
  await pipeline.addAccount(ann)
  await pipeline.addAccount(root)
})
afterEach(() => opened.close())

const systemOn = (store: Store) =>
  createPipeline(store, clock, {
    tellsSenders: true,
    deliverRemote: async (_message, _route, to) =>
      to.map(({ address }): DeliveryResult => {
        if (address.startsWith('bad')) return { kind: 'failed', status: '5.1.1', reply: 'unknown' }
        taken++
        return { kind: 'delivered', reply: '250 ok' }
      }),
  })

const send = () =>
  systemOn(opened.store).accept(text, [], { envelope: { sender: ann, recipients } })

/** Some time later, without faults. */
async function recover() {
  const pipeline = systemOn(opened.store)
  for (let round = 0; round < 3; round++) {
    clock.advance(20 * 60_000)
    await pipeline.workers.sweeper.ringDue()
    await pipeline.settle()
  }
  expect(await Array.fromAsync(pipeline.backend.operator.list())).toEqual([])
  return pipeline
}

it.each(['none', 'done'] as const)(
  'dies at each call, its effect: %s',
  async (effect) => {
    let before = 0
    let crashed = true
    for (let call = 1; crashed; call++) {
      await send()
      taken = 0
      const store = withFaults(opened.store, { crashPoint: { call, effect } })
      await systemOn(store)
        .settle()
        .catch(() => undefined)
      crashed = store.crashed
      const pipeline = await recover()
      const notices = (await pipeline.inbox(ann)).slice(before)
      before += notices.length
      expect({ call, told: notices.flatMap(reported).toSorted() }).toEqual({ call, told: all })
      expect(await pipeline.inbox(root)).toHaveLength(call)
      // Where a crash falls between another host's 250 and our writing it down it comes twice.
      expect(taken).toBeLessThanOrEqual(2)
    }
  },
  120_000,
)

const WAITED_MS = 60 * 60_000
const RETRY_MAX_MS = 1.2 * WAITED_MS

it('waits for a store that takes no bytes, and delivers nothing twice', async () => {
  await send()
  const mute = withFaults(opened.store, {
    plan: ({ port, operation }) =>
      port === 'objects' && operation === 'put' ? 'throttled' : undefined,
  })
  const pipeline = systemOn(mute)
  await pipeline.settle()
  clock.advance(WAITED_MS)
  await pipeline.workers.sweeper.ringDue()
  await pipeline.settle()
  expect(await pipeline.inbox(ann)).toEqual([])
  const groups = (await Array.fromAsync(pipeline.backend.operator.list())).flatMap(
    (entry) => entry.groups,
  )
  expect(
    groups.flatMap((group) => group.recipients.map(({ last }) => last?.kind)).toSorted(),
  ).toEqual(['delivered', 'delivered', 'failed'])
  // He is told at the next attempt, which comes after as long as the message has waited and a fifth more, at most.
  clock.advance(RETRY_MAX_MS)
  const later = await recover()
  expect((await later.inbox(ann)).flatMap(reported).toSorted()).toEqual(all)
  expect(taken).toBe(1)
  expect(await later.inbox(root)).toHaveLength(1)
})
