import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import {
  attemptEvent,
  BIRTHS_TOLD_MAX,
  endedIn,
  extended,
  noTrail,
  TRAIL_EVENTS_MAX,
  type Trail,
  WAITING_NAMED_MAX,
} from '#shared/queue/trace/trail.ts'
import { packTrail, TRAIL_BYTES_MAX, unpackTrail } from '#shared/queue/trace/trail-codec.ts'
import { itemBytes } from '#shared/storage/limits.ts'
import { recipient } from '#test/support/mail-queue.ts'

const deferred: DeliveryResult = { kind: 'deferred', status: '4.2.0', reply: 'later' }
const delivered: DeliveryResult = { kind: 'delivered', reply: '250 ok' }

const eventOf = (
  all: readonly (readonly [address: string, result: DeliveryResult])[],
  atMs = 2_000,
) =>
  attemptEvent(
    all.map(([address, result]) => ({ recipient: recipient(address), result })),
    {
      startedMs: atMs - 1_000,
      endedMs: atMs,
      contact: { relay: 'mx[192.0.2.1]:25', connectMs: 300 },
      dueMs: 9_000,
    },
  )

const addresses = (count: number) => Array.from({ length: count }, (_, n) => `r${n}@far.test`)

describe('a trail', () => {
  it('names whoever ended, and of those who wait some', () => {
    const all = addresses(WAITING_NAMED_MAX + 2)
    const { results } = eventOf([
      ...all.map((address) => [address, deferred] as const),
      ['done@far.test', delivered],
    ])
    expect(results).toMatchObject([
      {
        kind: 'deferred',
        more: 2,
        recipients: all.slice(0, WAITING_NAMED_MAX).map((address) => ({ address })),
      },
      { kind: 'delivered', more: 0, recipients: [{ address: 'done@far.test' }] },
    ])
  })

  it('says when it goes on only where something does', () => {
    expect(eventOf([['a@far.test', deferred]]).nextMs).toBe(9_000)
    expect(eventOf([['a@far.test', delivered]]).nextMs).toBeNull()
  })

  it('tells so many births and no more', () => {
    const births = Array.from({ length: BIRTHS_TOLD_MAX + 1 }, () => ({
      queueId: newQueueId(1),
      to: 'a@far.test',
      what: '',
    }))
    const facts = { startedMs: 0, endedMs: 1, contact: undefined, births }
    expect(attemptEvent([], facts).births).toHaveLength(BIRTHS_TOLD_MAX)
  })

  it('leaves out the middle of very many attempts, and nobody who ended there', () => {
    let trail: Trail = noTrail
    const all = addresses(3 * TRAIL_EVENTS_MAX)
    for (const [n, address] of all.entries()) {
      trail = extended(
        trail,
        eventOf(
          [
            [address, delivered],
            ['slow@far.test', deferred],
          ],
          n,
        ),
      )
    }
    expect(trail.events).toHaveLength(TRAIL_EVENTS_MAX)
    expect(trail.omitted).toBe(2 * TRAIL_EVENTS_MAX)
    expect(trail.events.slice(0, 10).map(({ atMs }) => atMs)).toEqual([...Array(10).keys()])
    expect(trail.events.at(-1)?.atMs).toBe(all.length - 1)
    const ended = trail.events.flatMap(({ results }) =>
      results.flatMap(({ kind, recipients }) =>
        kind === 'delivered' ? recipients.map(({ address }) => address) : [],
      ),
    )
    expect(new Set(ended)).toEqual(new Set(all))
  })

  it('knows who ended, and who is tried again since', () => {
    const one = { address: 'a@far.test', original: 'a@far.test' }
    const failed = eventOf([['a@far.test', { kind: 'failed', status: '5.1.1', reply: 'no' }]])
    const ended = extended(noTrail, failed)
    expect(endedIn(ended)(one)).toBe(true)
    expect(endedIn(ended)({ ...one, original: 'b@far.test' })).toBe(false)
    expect(endedIn(extended(ended, eventOf([['a@far.test', deferred]])))(one)).toBe(false)
    expect(endedIn(undefined)(one)).toBe(false)
  })

  it('comes back as it was packed, short and long', () => {
    const short = extended(noTrail, eventOf([['a@far.test', deferred]]))
    expect(typeof packTrail(short)).toBe('string')
    expect(unpackTrail(packTrail(short))).toEqual(short)
    let long = short
    for (let n = 0; n < 20; n++) long = extended(long, eventOf([[`r${n}@far.test`, delivered]], n))
    expect(packTrail(long)).toBeInstanceOf(Uint8Array)
    expect(unpackTrail(packTrail(long))).toEqual(long)
    expect(packTrail(noTrail)).toBeUndefined()
    expect(unpackTrail(undefined)).toEqual(noTrail)
  })

  it.each([
    ['no JSON', '[1,'],
    ['nothing deflated', Buffer.from('trail')],
    ['more than a reader takes', deflateRawSync(Buffer.alloc(10 * TRAIL_BYTES_MAX, 0x20))],
  ])('tells nothing where it is %s', (_what, stored) => {
    expect(unpackTrail(stored)).toEqual(noTrail)
  })

  it.each(['messages', 'statuses'] as const)(
    'is so large at most, whatever %s there were',
    (what) => {
      const births = Array.from({ length: BIRTHS_TOLD_MAX }, (_, n) => ({
        queueId: newQueueId(n),
        to: `${'x'.repeat(200)}${n}@far.test`,
        what: 'sender non-delivery notification',
      }))
      const all = addresses(1_000).map((address, n) => ({
        recipient: recipient(address),
        result: { kind: 'deferred', status: `4.${n}.${n}`, reply: 'later' } as const,
      }))
      let trail: Trail = noTrail
      for (let n = 0; n < TRAIL_EVENTS_MAX; n++) {
        const facts = { startedMs: n, endedMs: n, contact: undefined }
        const event =
          what === 'messages' ? attemptEvent([], { ...facts, births }) : attemptEvent(all, facts)
        trail = extended(trail, event)
      }
      const packed = packTrail(trail)
      expect(itemBytes({ packed: packed ?? null })).toBeLessThan(TRAIL_BYTES_MAX)
      expect(unpackTrail(packed).events).toHaveLength(TRAIL_EVENTS_MAX)
    },
  )

  it('is as it was in version 1, and of a later one nothing is read', () => {
    const first =
      '[1,2,[[2000,1000,300,"mx[192.0.2.1]:25","Verified TLS",2,[["deferred","4.2.0","later",["a@far.test",["b@far.test","list@here.test"]],1]],9000,[["01KAF0ZW00ABCDEFGH","ann@here.test","sender delay notification"]]]]]'
    expect(unpackTrail(first)).toEqual({
      omitted: 2,
      events: [
        {
          atMs: 2_000,
          tookMs: 1_000,
          connectMs: 300,
          relay: 'mx[192.0.2.1]:25',
          tls: 'Verified TLS',
          sessionUse: 2,
          results: [
            {
              kind: 'deferred',
              status: '4.2.0',
              reply: 'later',
              recipients: [
                { address: 'a@far.test', original: 'a@far.test' },
                { address: 'b@far.test', original: 'list@here.test' },
              ],
              more: 1,
            },
          ],
          nextMs: 9_000,
          births: [
            {
              queueId: '01KAF0ZW00ABCDEFGH',
              to: 'ann@here.test',
              what: 'sender delay notification',
            },
          ],
        },
      ],
    })
    expect(packTrail(unpackTrail(first))).toBe(first)
    expect(unpackTrail('[2,0,[]]')).toEqual(noTrail)
  })

  it.each([
    ['long replies', 'é'.repeat(1_000), 1_000],
    ['very many recipients', 'ok', 20_000],
  ])('has a limit: %s', (_, reply, count) => {
    const all = addresses(count).map((address, n) => {
      return [address, { kind: 'delivered', reply: `${reply} ${n % 500}` }] as const
    })
    const packed = packTrail(extended(noTrail, eventOf(all)))
    if (packed === undefined) throw new Error('nothing')
    expect(itemBytes({ packed })).toBeLessThanOrEqual(TRAIL_BYTES_MAX)
    const [event] = unpackTrail(packed).events
    const told = event?.results.map(({ recipients, more }) => recipients.length + more) ?? []
    expect(told.reduce((sum, one) => sum + one, 0)).toBe(count)
  })
})
