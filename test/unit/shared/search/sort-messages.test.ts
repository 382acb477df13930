import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Comparator, ComparedBy } from '#shared/mail/comparator.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { SearchMemory, SearchTooLarge } from '#shared/search/memory.ts'
import { SORT_KEY_CHARACTERS_MAX } from '#shared/search/sort-key.ts'
import { sortMessages } from '#shared/search/sort-messages.ts'
import { MessageStore, plentyOfMemory, quietPace } from './message-store.ts'

const sorted = async (store: MessageStore, ...criteria: readonly Comparator[]) =>
  sortMessages(store.searched, criteria, store.reading())

function storeOf(...headers: readonly string[]): MessageStore {
  const store = new MessageStore()
  for (const [at, header] of headers.entries()) {
    store.add({ bytes: Buffer.from(`${header}\r\n\r\n`, 'latin1'), internalDateMs: at })
  }
  return store
}

const by = (key: ComparedBy, reverse = false): Comparator => ({ key, reverse })

describe('sortMessages', () => {
  const rows: readonly [ComparedBy, readonly string[], readonly number[]][] = [
    ['subject', ['Subject: b', 'Subject: Re: A', 'Subject: [x] a', 'X: none'], [7, 3, 5, 1]],
    ['subject', ['Subject: =?utf-8?Q?=C3=A9?=', 'Subject: f', 'Subject: e'], [5, 1, 3]],
    ['from', ['From: z@a', 'From: Anna <b@z>', 'From: C@x'], [3, 5, 1]],
    ['to', ['To: b@x, a@x', 'To: group: z@x;', 'Cc: a@x'], [5, 1, 3]],
    ['cc', ['Cc: b@x', 'Cc: A@x'], [3, 1]],
    ['displayfrom', ['From: Zoe <a@x>', 'From: b@x', 'From: "anna" <z@x>'], [5, 3, 1]],
    ['displayto', ['To: =?utf-8?Q?B?= <z@x>', 'To: a group: b@x;', 'X: none'], [5, 3, 1]],
    ['size', ['X: long long', 'X: l', 'X: long'], [3, 5, 1]],
    ['arrival', ['X: 1', 'X: 2'], [1, 3]],
    [
      'date',
      [
        'Date: 20 Nov 2026 12:00:00 -0300',
        'Date: 20 Nov 2026 14:00:00 +0000',
        'Date: nonsense',
        'Date: 20 Nov 2026 17:00:00 +0300',
      ],
      [5, 3, 7, 1],
    ],
  ]
  it.each(rows)('by %s: %j', async (key, headers, uids) => {
    expect(await sorted(storeOf(...headers), by(key))).toEqual(uids)
  })

  it('takes a Date that was added to a message without one', async () => {
    const store = new MessageStore()
    store.add({ bytes: Buffer.from('Date: 2 Nov 2026 00:00:00 +0000\r\n\r\n') })
    store.add({ bytes: Buffer.from('X: 1\r\n\r\n'), added: 'Date: 3 Nov 2026 00:00:00 +0000\r\n' })
    expect(await sorted(store, by('date'))).toEqual([1, 3])
  })

  it('reads nothing for arrival and size', async () => {
    const store = storeOf('X: 1')
    const reading = { ...store.reading(), blobs: () => Promise.reject(new Error('read')) }
    await expect(
      sortMessages(store.searched, [by('arrival'), by('size')], reading),
    ).resolves.toEqual([1])
  })

  it('goes from criterion to criterion; the number decides in the end, reversed or not', () => {
    const header = fc.record({
      from: fc.constantFrom('a', 'b', 'C'),
      subject: fc.constantFrom('x', 'Y', 'z'),
    })
    const criteria = fc.array(
      fc.record({
        key: fc.constantFrom<ComparedBy>('from', 'subject', 'arrival'),
        reverse: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    )
    return fc.assert(
      fc.asyncProperty(fc.array(header, { maxLength: 12 }), criteria, async (given, wanted) => {
        const store = storeOf(
          ...given.map(({ from, subject }) => `From: ${from}@x\r\nSubject: ${subject}`),
        )
        let expected = given.map((message, at) => ({ ...message, at, uid: 2 * at + 1 }))
        // Stable sorts from the last criterion to the first.
        for (const { key, reverse } of wanted.toReversed()) {
          const value = (message: (typeof expected)[number]) =>
            key === 'arrival'
              ? message.at
              : message[key === 'from' ? 'from' : 'subject'].toLowerCase()
          expected = expected.toSorted((a, b) => {
            const order = value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0
            return reverse ? -order : order
          })
        }
        expect(await sorted(store, ...wanted)).toEqual(expected.map(({ uid }) => uid))
      }),
    )
  })

  describe('holds little, whatever the senders send', () => {
    /** A display name that folding makes 18 times as long. */
    const huge = (at: number) => `From: ${at} ${'\u{fdfa}'.repeat(20_000)} <a@x>`
    const store = () => storeOf(...Array.from({ length: 20 }, (_, at) => latin1(huge(at))))
    const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

    it('cuts keys, and keeps one for a criterion however often it is named', async () => {
      const once = plentyOfMemory()
      const often = plentyOfMemory()
      const given = store()
      await sortMessages(given.searched, [by('displayfrom')], given.reading(quietPace(), once))
      const repeated = Array.from({ length: 20 }, (_, at) => by('displayfrom', at % 2 === 1))
      await sortMessages(given.searched, repeated, given.reading(quietPace(), often))
      // Two bytes a character, and what a message takes beside.
      expect(once.held).toBeLessThan(20 * (2 * SORT_KEY_CHARACTERS_MAX + 200))
      expect(often.held).toBe(once.held)
    })

    it('ends when it would hold more than it may', async () => {
      const given = store()
      const needs = plentyOfMemory()
      await sortMessages(given.searched, [by('displayfrom')], given.reading(quietPace(), needs))
      const sortWith = (bytes: number) => {
        const memory = new SearchMemory(new ByteBudget(bytes), bytes)
        return sortMessages(given.searched, [by('displayfrom')], given.reading(quietPace(), memory))
      }
      await expect(sortWith(needs.held)).resolves.toHaveLength(20)
      await expect(sortWith(needs.held - 1)).rejects.toBeInstanceOf(SearchTooLarge)
    })
  })

  it('compares the beginnings of long keys', async () => {
    const long = 'a'.repeat(SORT_KEY_CHARACTERS_MAX)
    expect(await sorted(storeOf(`Subject: ${long}z`, `Subject: ${long}b`), by('subject'))).toEqual([
      1, 3,
    ])
    const shorter = long.slice(1)
    expect(
      await sorted(storeOf(`Subject: ${shorter}z`, `Subject: ${shorter}b`), by('subject')),
    ).toEqual([3, 1])
  })
})
