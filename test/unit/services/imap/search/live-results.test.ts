import { describe, expect, it } from 'vitest'
import {
  LIVE_MESSAGES_MAX,
  LIVE_RESULTS_MAX,
  type LiveResult,
  LiveResults,
} from '#services/imap/search/live-results.ts'
import type { Uid } from '#shared/contracts/mailbox.ts'

const result = (messages: number): LiveResult => ({
  by: 'uid',
  uids: Uint32Array.from({ length: messages }, (_, at) => at + 1) as unknown as readonly Uid[],
  find: async () => [],
})

describe('LiveResults', () => {
  it('keeps so many results, and so many messages in all of them', () => {
    const many = new LiveResults((uid) => uid)
    for (let at = 0; at < LIVE_RESULTS_MAX; at++) expect(many.add(`a${at}`, result(1))).toBe(true)
    expect(many.add('b', result(1))).toBe(false)
    const large = new LiveResults((uid) => uid)
    expect(large.add('a', result(LIVE_MESSAGES_MAX - 10))).toBe(true)
    expect(large.add('b', result(11))).toBe(false)
    expect(large.add('b', result(10))).toBe(true)
    // In place of the one before.
    expect(large.add('a', result(LIVE_MESSAGES_MAX - 10))).toBe(true)
  })
})
