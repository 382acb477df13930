import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatThread } from '#services/imap/search/format-thread.ts'
import { baseSubject } from '#shared/mail/base-subject.ts'
import { orderedSubjectThreads } from '#shared/search/ordered-subject.ts'
import { STEP_BYTES } from '#shared/search/pace.ts'
import { referencesThreads } from '#shared/search/references.ts'
import type { Thread, ThreadMessage } from '#shared/search/threads.ts'
import { CountingPace, quietPace } from './message-store.ts'
import { naiveThreads } from './naive-threads.ts'

type Given = {
  readonly id?: string
  /** From the oldest to the parent. */
  readonly refs?: string
  readonly subject?: string
  /** Minute it was sent in; default: its place. */
  readonly sent?: number
}

function messagesOf(given: readonly Given[]): ThreadMessage[] {
  return given.map(({ id = '', refs = '', subject = `unique ${id}`, sent }, at) => {
    const { base, isReplyOrForward } = baseSubject(subject)
    return {
      number: at + 1,
      sentMs: 60_000 * (sent ?? at),
      subject: base.toUpperCase(),
      isReplyOrForward,
      messageId: id,
      references: refs.split(' ').filter((ref) => ref !== ''),
    }
  })
}

const told = (list: readonly Thread[]) =>
  list.map((thread) => [...formatThread(thread)].join('')).join('')

const threads = async (given: readonly Given[]) =>
  told(await referencesThreads(messagesOf(given), quietPace()))

describe('referencesThreads', () => {
  const rows: readonly [string, readonly Given[], string][] = [
    ['nothing', [], ''],
    [
      'unrelated messages by date',
      [
        { id: 'a', sent: 2 },
        { id: 'b', sent: 1 },
      ],
      '(2)(1)',
    ],
    [
      'messages of one date by number',
      [
        { id: 'a', sent: 1 },
        { id: 'b', sent: 1 },
      ],
      '(1)(2)',
    ],
    // step 1
    ['a chain', [{ id: 'a' }, { id: 'b', refs: 'a' }, { id: 'c', refs: 'a b' }], '(1 2 3)'],
    [
      'a reply before its parent',
      [
        { id: 'b', refs: 'a' },
        { id: 'a', sent: 9 },
      ],
      '(2 1)',
    ],
    [
      'siblings by date',
      [{ id: 'a' }, { id: 'b', refs: 'a', sent: 9 }, { id: 'c', refs: 'a', sent: 8 }],
      '(1 (3)(2))',
    ],
    [
      'a truncated References whose own message knows better',
      [{ id: 'a' }, { id: 'b' }, { id: 'd', refs: 'a c' }, { id: 'c', refs: 'b' }],
      '(1)(2 4 3)',
    ],
    [
      'a link that is there already stays',
      [{ id: 'b', refs: 'a' }, { id: 'c', refs: 'x b' }, { id: 'a' }],
      '(3 1 2)',
    ],
    [
      'no loop of two',
      [
        { id: 'a', refs: 'b' },
        { id: 'b', refs: 'a' },
      ],
      '(2 1)',
    ],
    [
      'a loop that its last message closes',
      [{ id: 'b', refs: 'x y' }, { id: 'y', refs: 'b' }, { id: 'x' }],
      '(2 1)(3)',
    ],
    ['no loop to itself', [{ id: 'a', refs: 'a' }], '(1)'],
    [
      'no loop of dummies',
      [
        { id: 'a', refs: 'x y' },
        { id: 'b', refs: 'y x' },
      ],
      '((1)(2))',
    ],
    [
      'a second message of the same id',
      [{ id: 'a' }, { id: 'a', subject: 's' }, { id: 'b', refs: 'a' }],
      '(1 3)(2)',
    ],
    ['messages without an id', [{ subject: 'p' }, { subject: 'q' }], '(1)(2)'],
    // step 3
    ['a missing parent of one', [{ id: 'a', refs: 'x' }], '(1)'],
    [
      'a missing parent of two',
      [
        { id: 'a', refs: 'x' },
        { id: 'b', refs: 'x' },
      ],
      '((1)(2))',
    ],
    [
      'missing messages in the middle',
      [{ id: 'a' }, { id: 'b', refs: 'a x y' }, { id: 'c', refs: 'a x' }],
      '(1 (2)(3))',
    ],
    [
      'a missing tree with one message in it',
      [
        { id: 'a', refs: 'x y z' },
        { id: 'b', refs: 'a' },
      ],
      '(1 2)',
    ],
    // step 4
    [
      'a thread without its first message by its first child',
      [
        { id: 'a', sent: 5 },
        { id: 'b', refs: 'x', sent: 9 },
        { id: 'c', refs: 'x', sent: 2 },
      ],
      '((3)(2))(1)',
    ],
    // step 5
    [
      'a reply by subject',
      [
        { id: 'a', subject: 's' },
        { id: 'b', subject: 'Re: s' },
      ],
      '(1 2)',
    ],
    [
      'a reply that came first',
      [
        { id: 'a', subject: 'Re: s' },
        { id: 'b', subject: 's' },
      ],
      '(2 1)',
    ],
    [
      'two of one subject',
      [
        { id: 'a', subject: 's' },
        { id: 'b', subject: 's' },
      ],
      '((1)(2))',
    ],
    [
      'two replies',
      [
        { id: 'a', subject: 'Re: s' },
        { id: 'b', subject: 'Re: s' },
      ],
      '((1)(2))',
    ],
    [
      'three of one subject',
      [
        { id: 'a', subject: 's' },
        { id: 'b', subject: 's' },
        { id: 'c', subject: 'Re: s' },
      ],
      '((1)(2)(3))',
    ],
    [
      'one more of the subject of a dummy',
      [
        { id: 'a', refs: 'x', subject: 's' },
        { id: 'b', refs: 'x', subject: 't' },
        { id: 'c', subject: 's' },
      ],
      '((1)(2)(3))',
    ],
    [
      'two dummies of one subject',
      [
        { id: 'a', refs: 'x', subject: 's' },
        { id: 'b', refs: 'x', subject: 't' },
        { id: 'c', refs: 'y', subject: 's' },
        { id: 'd', refs: 'y', subject: 'u' },
      ],
      '((1)(2)(3)(4))',
    ],
    [
      'empty subjects',
      [
        { id: 'a', subject: '' },
        { id: 'b', subject: 'Re:' },
      ],
      '(1)(2)',
    ],
    [
      'a thread whose subject stands deeper',
      [
        { id: 'a', subject: 's' },
        { id: 'b', refs: 'a', subject: 't' },
        { id: 'c', subject: 't' },
      ],
      '(1 2)(3)',
    ],
  ]
  it.each(rows)('threads %s', async (_, given, expected) => {
    expect(await threads(given)).toBe(expected)
  })

  it('tells every message once, whatever they refer to', () => {
    const id = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'x', 'y')
    const given = fc.array(
      fc.record({
        id,
        refs: fc.array(id, { maxLength: 5 }).map((ids) => ids.join(' ')),
        subject: fc.constantFrom('', 's', 'Re: s', 't'),
        sent: fc.nat(4),
      }),
      { maxLength: 12 },
    )
    return fc.assert(
      fc.asyncProperty(given, async (messages) => {
        const text = await threads(messages)
        const numbers = (text.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b)
        expect(numbers).toEqual(messages.map((_, at) => at + 1))
      }),
      { numRuns: 1_000 },
    )
  })

  it('makes the threads of the naive model', () => {
    const id = fc.constantFrom('', ...'abcdefghijklmnop')
    const given = fc.array(
      fc.record({
        id,
        refs: fc.array(id, { maxLength: 12 }).map((ids) => ids.join(' ')),
        subject: fc.constantFrom('', 's', 'Re: s', 't', 'u', 'Re: u'),
        sent: fc.nat(4),
      }),
      { maxLength: 20 },
    )
    return fc.assert(
      fc.asyncProperty(given, async (messages) => {
        expect(await threads(messages)).toBe(told(naiveThreads(messagesOf(messages))))
      }),
      { numRuns: 3_000 },
    )
  })

  describe('takes work in proportion to what is threaded', () => {
    /** A chain as long as half of the messages can name, then links of its top below its end, each of them a loop. */
    const refusedLoops = (messages: number) =>
      Array.from({ length: messages }, (_, at): Given => {
        const half = (messages / 2) * 99
        const refs =
          at < messages / 2
            ? Array.from({ length: 100 }, (_, ref) => `x${at * 99 + ref}`)
            : Array.from({ length: 100 }, (_, ref) => (ref % 2 === 0 ? `x${half}` : 'x0'))
        return { refs: refs.join(' ') }
      })
    /** Dummies in a row, as many messages below the last of them. */
    const deepDummies = (messages: number) =>
      Array.from({ length: messages }, (_, at): Given => {
        const half = (messages / 2) * 99
        if (at >= messages / 2) return { refs: `x${half}` }
        return { refs: Array.from({ length: 100 }, (_, ref) => `x${at * 99 + ref}`).join(' ') }
      })
    const oneSubject = (messages: number) =>
      Array.from({ length: messages }, (_, at): Given => ({ id: `m${at}`, subject: 'Re: s' }))

    it.each([
      ['loops that are refused', refusedLoops],
      ['dummies in a row', deepDummies],
      ['one subject', oneSubject],
    ])('of %s', async (_, make) => {
      const work = async (messages: number) => {
        const pace = new CountingPace()
        await referencesThreads(messagesOf(make(messages)), pace)
        return pace.bytes
      }
      // Four times as many messages: hardly more than four times the work (the sort's logarithm).
      expect((await work(2_000)) / (await work(500))).toBeLessThan(6)
    })
  })

  it('lets others run, however long it takes', async () => {
    const pace = new CountingPace()
    const given = Array.from({ length: 2_000 }, (_, at) => ({ id: `m${at}`, refs: `m${at - 1}` }))
    await referencesThreads(messagesOf(given), pace)
    expect(pace.bytesAtOnce).toBeLessThan(STEP_BYTES)
  })

  it.each(['first to last', 'last to first'])(
    'threads conversations of any length, %s',
    async (order) => {
      const length = 50_000
      const chain = Array.from({ length }, (_, at) => ({
        id: `m${at}`,
        refs: at === 0 ? '' : `m${at - 1}`,
        sent: at,
      }))
      const text = await threads(order === 'first to last' ? chain : chain.reverse())
      expect(text.match(/\(/g)).toHaveLength(1)
      expect(text.match(/\d+/g)).toHaveLength(length)
    },
  )
})

describe('orderedSubjectThreads', () => {
  it('puts the messages of a subject below the first', async () => {
    const given = [
      { subject: 'b', sent: 3 },
      { subject: 'Re: a', sent: 2 },
      { subject: 'a', sent: 1 },
      { subject: '[list] a', sent: 5 },
      { subject: 'Fwd: b', sent: 4 },
    ]
    expect(told(await orderedSubjectThreads(messagesOf(given), quietPace()))).toBe(
      '(3 (2)(4))(1 5)',
    )
  })
})
