import { describe, expect, it } from 'vitest'
import { formatThread } from '#services/imap/search/format-thread.ts'
import type { Thread } from '#shared/search/threads.ts'

const told = (list: readonly Thread[]) =>
  list.map((thread) => [...formatThread(thread)].join('')).join('')

describe('formatThread', () => {
  const leaf = (number: number, ...children: Thread[]): Thread => ({
    message: {
      number,
      sentMs: 0,
      subject: '',
      isReplyOrForward: false,
      messageId: '',
      references: [],
    },
    children,
  })
  // RFC 5256 §4
  it('writes the example of the RFC', () => {
    const thread = leaf(3, leaf(6, leaf(4, leaf(23)), leaf(44, leaf(7, leaf(96)))))
    expect(told([thread])).toBe('(3 6 (4 23)(44 7 96))')
  })
  it('writes siblings without a parent', () => {
    expect(told([{ message: null, children: [leaf(3), leaf(5)] }])).toBe('((3)(5))')
  })
})
