import { describe, expect, it } from 'vitest'
import {
  clip,
  LAST_REPLY_BYTES_MAX,
  lastResult,
  REMOTE_MTA_BYTES_MAX,
} from '#shared/queue/results.ts'

describe('a text is cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['', 0, ''],
    ['a', 0, ''],
    // Characters of two, three and four bytes.
    ['aé', 2, 'a'],
    ['aé', 3, 'aé'],
    ['a€', 3, 'a'],
    ['😀😀', 7, '😀'],
  ])('%j to %i bytes: %j', (text, bytesMax, cut) => {
    expect(clip(text, bytesMax)).toBe(cut)
  })
})

describe('the last result', () => {
  const facts = { remoteMta: null, atMs: 1, attempts: 2 }

  it('is that of the attempt, with when and where', () => {
    const result = { kind: 'failed', status: '5.1.1', reply: 'unknown' } as const
    expect(lastResult(result, { ...facts, remoteMta: 'mx[192.0.2.1]' })).toEqual({
      ...result,
      remoteMta: 'mx[192.0.2.1]',
      atMs: 1,
      attempts: 2,
    })
  })

  it.each([0, 1])('has words of bounded length: %i more than it may have', (more) => {
    const reply = 'x'.repeat(LAST_REPLY_BYTES_MAX + more)
    const remoteMta = 'h'.repeat(REMOTE_MTA_BYTES_MAX + more)
    const last = lastResult({ kind: 'deferred', status: '4.0.0', reply }, { ...facts, remoteMta })
    expect(last.reply).toHaveLength(LAST_REPLY_BYTES_MAX)
    expect(last.remoteMta).toHaveLength(REMOTE_MTA_BYTES_MAX)
  })
})
