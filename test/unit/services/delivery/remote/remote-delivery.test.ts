// How the queue's message becomes a transfer, and who gets it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRemoteDelivery } from '#services/delivery/remote/remote-delivery.ts'
import type { Transfer, Transport } from '#services/delivery/remote/transport.ts'
import type { DeliveryResult, FinalRecipient } from '#shared/contracts/delivery.ts'
import { hopOf } from '#test/support/next-hop.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const recipients: readonly FinalRecipient[] = [
  {
    address: 'x@remote.test',
    accountId: null,
    extension: null,
    original: 'x@remote.test',
    notify: ['NEVER'],
    originalRecipient: null,
  },
]
const text = `Subject: x\r\n\r\n${'y'.repeat(50)}\r\n`

describe('remote delivery', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  beforeEach(async () => {
    opened = await openEmbedded({ clock })
  })
  afterEach(() => opened.close())

  async function queued() {
    const { backend, accept } = createPipeline(opened.store, clock)
    const queueId = await accept(text, ['x@remote.test'], {
      envelope: { dsnReturn: 'HDRS', dsnEnvelopeId: 'e1' },
      prepend: '',
    })
    const [message] = await backend.queue.load([queueId])
    if (message === undefined) throw new Error('not queued')
    return message
  }

  /** Says what it is, and what it was given. */
  function answering(name: string, taken: Transfer[]): Transport {
    return {
      async deliver(transfer) {
        taken.push(transfer)
        transfer.onContact?.({ relay: name, connectMs: 1 })
        return transfer.recipients.map((): DeliveryResult => ({ kind: 'delivered', reply: name }))
      },
    }
  }

  it('asks the transport of the next hop, and only that one', async () => {
    const taken: Transfer[] = []
    const direct = answering('direct', taken)
    const discard = answering('discard', taken)
    const deliver = createRemoteDelivery({
      objects: opened.store.objects,
      transportOf: ({ host }) => (host === 'nobody.test' ? discard : direct),
      hostname: 'us',
    })
    const message = await queued()
    const reached: string[] = []
    const results = async (hop: string) =>
      (await deliver(message, hopOf(hop), recipients, ({ relay }) => reached.push(relay)))[0]
    expect(await results('nobody.test')).toEqual({ kind: 'delivered', reply: 'discard' })
    expect(await results('[a.test]:26')).toEqual({ kind: 'delivered', reply: 'direct' })
    expect(reached).toEqual(['discard', 'direct'])
    expect(taken.map(({ hop }) => hop.host)).toEqual(['nobody.test', 'a.test'])
    expect(taken[1]).toMatchObject({
      queueId: message.queueId,
      sender: 'sender@remote.test',
      recipients,
      dsnReturn: 'HDRS',
      dsnEnvelopeId: 'e1',
    })
  })

  it('reads the message only for a transport that opens it, in the form it wants', async () => {
    let reads = 0
    const { objects } = opened.store
    const opening: Transport = {
      async deliver({ openMessage }) {
        const { formFor } = await openMessage({ lineBytesMax: 40 })
        expect(reads).toBeLessThanOrEqual(1)
        const form = formFor({ smtpUtf8: false, eightBit: true })
        const bytes = Buffer.concat(await Array.fromAsync(form.read()))
        return [{ kind: 'delivered', reply: bytes.toString() }]
      },
    }
    const deliver = createRemoteDelivery({
      objects: {
        put: (...given) => objects.put(...given),
        stage: (...given) => objects.stage(...given),
        size: (...given) => objects.size(...given),
        stream: (...given) => {
          reads++
          return objects.stream(...given)
        },
        delete: (...given) => objects.delete(...given),
        list: (...given) => objects.list(...given),
        read: (...given) => {
          reads++
          return objects.read(...given)
        },
      },
      transportOf: ({ host }) => (host === 'nobody.test' ? answering('discard', []) : opening),
      hostname: 'us',
    })
    const message = await queued()
    await deliver(message, hopOf('nobody.test'), recipients, () => {})
    expect(reads).toBe(0)
    const [result] = await deliver(message, hopOf('there.test'), recipients, () => {})
    expect(result?.reply).toBe(
      text.replace('y'.repeat(50), `${'y'.repeat(40)}\r\n ${'y'.repeat(10)}`),
    )
  })
})
