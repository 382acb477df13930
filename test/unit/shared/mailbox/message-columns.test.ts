import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BlobId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { addDigest, messageDigest } from '#shared/mailbox/digest.ts'
import { MessageColumns, positionAtOrAfter } from '#shared/mailbox/message-columns.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'

const record = fc.record({
  uid: fc.integer({ min: 1, max: 60 }),
  blobId: fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/),
  size: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  internalDateMs: fc.integer({ min: -(2 ** 40), max: 2 ** 45 }),
  saveDateMs: fc.integer({ min: 0, max: 2 ** 45 }),
  bits: fc.integer({ min: 0, max: 31 }),
  keywords: fc.constantFrom([], ['$Forwarded'], ['$Junk', 'later']),
  modSeq: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
  prepend: fc.constantFrom('', 'Delivered-To: a@b\r\n'),
  unended: fc.boolean(),
})

const step = fc.oneof(
  { weight: 4, arbitrary: record.map((put) => ({ put }) as const) },
  fc.uniqueArray(fc.nat(59), { maxLength: 20 }).map((remove) => ({ remove }) as const),
)

function messageOf({
  uid,
  blobId,
  modSeq,
  bits,
  keywords,
  ...rest
}: typeof record extends fc.Arbitrary<infer T> ? T : never): MessageRecord {
  return {
    ...rest,
    // Made here, so of the right kind.
    uid: uid as Uid,
    blobId: blobId as BlobId,
    modSeq: modSeq as ModSeq,
    flags: { bits, keywords },
  }
}

describe('message columns', () => {
  it('hold what a sorted map would, and the sum of digests', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const columns = new MessageColumns()
        const model = new Map<number, MessageRecord>()
        for (const change of steps) {
          if ('put' in change) {
            const message = messageOf(change.put)
            columns.put(message)
            model.set(message.uid, message)
          } else {
            const rows = change.remove.filter((row) => row < columns.length).sort((a, b) => a - b)
            for (const row of rows) model.delete(columns.uidAt(row))
            columns.remove(rows)
          }
        }
        const wanted = [...model.values()].sort((a, b) => a.uid - b.uid)
        expect(Array.from(columns.uids(), (_, row) => columns.recordAt(row))).toEqual(wanted)
        expect(columns.digest).toBe(
          wanted.reduce((sum, { uid, modSeq }) => addDigest(sum, messageDigest(uid, modSeq)), 0),
        )
        for (let uid = 0; uid <= 61; uid++) {
          const row = wanted.findIndex((message) => message.uid === uid)
          expect(columns.rowOf(uid)).toBe(row)
        }
      }),
    )
  })

  it('never change a list of uids that was handed out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const columns = new MessageColumns()
        const handedOut: [list: Iterable<number>, copy: number[]][] = []
        for (const change of steps) {
          if ('put' in change) columns.put(messageOf(change.put))
          else {
            const rows = change.remove.filter((row) => row < columns.length)
            columns.remove(rows.sort((a, b) => a - b))
          }
          handedOut.push([columns.uids(), [...columns.uids()]])
        }
        for (const [list, copy] of handedOut) expect([...list]).toEqual(copy)
      }),
    )
  })

  it('keep extras of messages that changed often within bounds', () => {
    const columns = new MessageColumns()
    const base = messageOf({
      uid: 1,
      blobId: 'b',
      size: 1,
      internalDateMs: 1,
      saveDateMs: 1,
      bits: 0,
      keywords: [],
      modSeq: 1,
      prepend: '',
      unended: false,
    })
    for (let i = 0; i < 20_000; i++) {
      columns.put({ ...base, uid: ((i % 3) + 1) as Uid, prepend: `X: ${i}\r\n` })
    }
    expect(columns.bytes).toBeLessThan(400_000)
    expect([0, 1, 2].map((row) => columns.prependAt(row)).sort()).toEqual([
      'X: 19997\r\n',
      'X: 19998\r\n',
      'X: 19999\r\n',
    ])
  })

  it.each([
    [0, 0],
    [3, 0],
    [4, 1],
    [5, 1],
    [9, 2],
    [10, 3],
  ])('find the first position at or after %i: %i', (uid, position) => {
    expect(positionAtOrAfter([3, 5, 9], uid)).toBe(position)
  })
})
