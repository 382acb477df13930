// How the queue's message becomes a transfer, and who gets it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LeavingEnvelope } from '#services/delivery/remote/leaving-envelope.ts'
import { createRemoteDelivery } from '#services/delivery/remote/remote-delivery.ts'
import type { Transfer, Transport } from '#services/delivery/remote/transport.ts'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import { formatRoute, type Route } from '#shared/mail/route.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { routeTo } from '#test/support/next-hop.ts'
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
const isNobody = (route: Route) => formatRoute(route) === 'nobody.test'
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
        return {
          results: transfer.recipients.map(() => ({ kind: 'delivered', reply: name })),
          destination: { kind: 'reached' },
        }
      },
    }
  }

  it('asks the transport of the next hop, and only that one', async () => {
    const taken: Transfer[] = []
    const direct = answering('direct', taken)
    const discard = answering('discard', taken)
    const deliver = createRemoteDelivery({
      objects: opened.store.objects,
      transportOf: (route) => (isNobody(route) ? discard : direct),
      clock,
      hostname: 'us',
    })
    const message = await queued()
    const reached: string[] = []
    const attempt = (route: string) =>
      deliver(message, routeTo(route), recipients, ({ relay }) => reached.push(relay))
    clock.advance(5_000)
    const destination = { kind: 'reached' }
    expect(await attempt('nobody.test')).toEqual({
      results: [{ kind: 'delivered', reply: 'discard' }],
      destination,
    })
    expect(await attempt('[a.test]:26')).toEqual({
      results: [{ kind: 'delivered', reply: 'direct' }],
      destination,
    })
    expect(reached).toEqual(['discard', 'direct'])
    expect(taken.map(({ route }) => formatRoute(route))).toEqual(['nobody.test', '[a.test]:26'])
    expect(taken[1]).toMatchObject({
      queueId: message.queueId,
      sender: 'sender@remote.test',
      recipients,
      dsnReturn: 'HDRS',
      dsnEnvelopeId: 'e1',
      requireTls: false,
      ageMs: 5_000,
    })
  })

  it('marks what goes to the old server of an account, and tells nobody who else gets it', async () => {
    const headers: string[] = []
    const atSource = ['ann', 'bob'].map(
      (name): FinalRecipient => ({
        address: `${name}@ours.test`,
        accountId: name as FinalRecipient['accountId'],
        extension: null,
        original: `${name}@ours.test`,
        notify: [],
        originalRecipient: null,
      }),
    )
    const deliver = createRemoteDelivery({
      objects: opened.store.objects,
      transportOf: () => ({
        async deliver({ recipients: to, openMessage }) {
          const { formFor } = await openMessage({ lineBytesMax: 0 })
          const { read } = await formFor({ smtpUtf8: true, eightBit: true })
          const all = Buffer.concat(await Array.fromAsync(read())).toString()
          headers.push(...all.split('\r\n').filter((line) => /^X-At-Source:/.test(line)))
          const results = to.map(() => ({ kind: 'delivered', reply: 'ok' }) as const)
          return { results, destination: { kind: 'reached' } }
        },
      }),
      clock,
      hostname: 'us',
    })
    await deliver(await queued(), routeTo('[old.test]'), atSource, () => {})
    expect(headers).toEqual(['X-At-Source: ann@ours.test', 'X-At-Source: bob@ours.test'])
  })

  describe('to recipients whose mail leaves with different senders', () => {
    const some = ['a', 'b', 'c', 'd'].map(
      (name): FinalRecipient => ({
        address: `${name}@far.test`,
        accountId: null,
        extension: null,
        original: `${name}@far.test`,
        notify: [],
        originalRecipient: null,
        // Two of them were sent on by an account here.
        ...(name > 'b' && { forwardedBy: `${name === 'c' ? 'ann' : 'bob'}@here.test` }),
      }),
    )
    const leaving: LeavingEnvelope = {
      senderOf: async (_message, _route, { address }) => (address < 'b' ? 'one@x' : 'two@x'),
      addressOf: async (_message, _route, { address }) => address.toUpperCase(),
      headerOf: () => undefined,
    }
    const deliverTo = async (deliver: Transport['deliver']) =>
      createRemoteDelivery({
        objects: opened.store.objects,
        transportOf: () => ({ deliver }),
        leaving,
        clock,
        hostname: 'us',
      })(await queued(), routeTo('far.test'), some, () => {})

    it('takes a transfer for each sender and each account, and answers in their order', async () => {
      const transfers: string[] = []
      const { results } = await deliverTo(async ({ sender, recipients: to, openMessage }) => {
        const { formFor } = await openMessage({ lineBytesMax: 0 })
        const { read } = await formFor({ smtpUtf8: true, eightBit: true })
        const [first = ''] = Buffer.concat(await Array.fromAsync(read()))
          .toString()
          .split('\r\n')
        const addresses = to.map(({ address }) => address)
        transfers.push(`${sender} ${addresses} ${first}`)
        const reply = addresses.join()
        const results = to.map(() => ({ kind: 'delivered', reply }) as const)
        return { results, destination: { kind: 'reached' } }
      })
      expect(transfers).toEqual([
        'one@x A@FAR.TEST Subject: x',
        'two@x B@FAR.TEST Subject: x',
        'two@x C@FAR.TEST Delivered-To: ann@here.test',
        'two@x D@FAR.TEST Delivered-To: bob@here.test',
      ])
      expect(results.map((result) => 'reply' in result && result.reply)).toEqual([
        'A@FAR.TEST',
        'B@FAR.TEST',
        'C@FAR.TEST',
        'D@FAR.TEST',
      ])
    })

    it('waits where it cannot be found out with which sender it leaves', async () => {
      const deliver = createRemoteDelivery({
        objects: opened.store.objects,
        transportOf: () => answering('direct', []),
        leaving: {
          ...leaving,
          senderOf: () => Promise.reject(new TemporaryFailure('no secrets now')),
        },
        clock,
        hostname: 'us',
      })
      const result = { kind: 'deferred', status: '4.3.0', reply: 'no secrets now' }
      expect(await deliver(await queued(), routeTo('far.test'), some, () => {})).toEqual({
        results: Array(4).fill(result),
        destination: { kind: 'untried' },
      })
    })

    it('knows who has it although another transfer fails', async () => {
      let transfers = 0
      const { results, destination } = await deliverTo(async ({ recipients: to }) => {
        if (++transfers === 2) throw new TemporaryFailure('no bytes now')
        const results = to.map(() => ({ kind: 'delivered', reply: '250 ok' }) as const)
        return { results, destination: { kind: 'reached' } }
      })
      expect(results.map(({ kind }) => kind)).toEqual([
        'delivered',
        'deferred',
        'delivered',
        'delivered',
      ])
      expect(results[1]).toMatchObject({ reply: 'TemporaryFailure: no bytes now' })
      expect(destination).toEqual({ kind: 'reached' })
    })

    it('asks nobody again where nobody was there', async () => {
      let transfers = 0
      const { results, destination } = await deliverTo(async () => {
        transfers++
        const result = { kind: 'deferred', status: '4.4.1', reply: 'refused' } as const
        return { results: [result], destination: { kind: 'unreachable', reply: 'refused' } }
      })
      expect(transfers).toBe(1)
      expect(destination).toEqual({ kind: 'unreachable', reply: 'refused' })
      expect(results).toEqual(
        Array(4).fill({ kind: 'deferred', status: '4.4.1', reply: 'refused' }),
      )
    })
  })

  it('reads the message only for a transport that opens it, in the form it wants', async () => {
    let reads = 0
    const { objects } = opened.store
    const opening: Transport = {
      async deliver({ openMessage }) {
        const { formFor } = await openMessage({ lineBytesMax: 40 })
        expect(reads).toBeLessThanOrEqual(1)
        const form = await formFor({ smtpUtf8: false, eightBit: true })
        const bytes = Buffer.concat(await Array.fromAsync(form.read()))
        return {
          results: [{ kind: 'delivered', reply: bytes.toString() }],
          destination: { kind: 'reached' },
        }
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
      transportOf: (route) => (isNobody(route) ? answering('discard', []) : opening),
      clock,
      hostname: 'us',
    })
    const message = await queued()
    await deliver(message, routeTo('nobody.test'), recipients, () => {})
    expect(reads).toBe(0)
    const { results } = await deliver(message, routeTo('there.test'), recipients, () => {})
    expect(results[0]?.reply).toBe(
      text.replace('y'.repeat(50), `${'y'.repeat(40)}\r\n ${'y'.repeat(10)}`),
    )
  })
})
