import { describe, expect, it } from 'vitest'
import { ANSWER_BYTES_MAX, AnswerReader } from '#services/policy/delegation/answer.ts'

const whole = (text: string | Uint8Array) => new AnswerReader().push(Buffer.from(text))

describe('an answer of a policy server', () => {
  it.each([
    ['action=DUNNO\n\n', 'DUNNO'],
    ['action=550 5.7.1 Go = away\n\n', '550 5.7.1 Go = away'],
    // Other attributes are skipped, and lines may end as in mail.
    ['foo=bar\r\naction = REJECT\r\nend=1\r\n\r\n', 'REJECT'],
    ['action=PREPEND X-A: grüß\n\n', 'PREPEND X-A: grüß'],
    // The first counts.
    ['action=REJECT\naction=OK\n\n', 'REJECT'],
  ])('%j is %j', (text, action) => {
    expect(whole(text)).toBe(action)
    const reader = new AnswerReader()
    const bytes = Buffer.from(text)
    const found = [...bytes].map((_, at) => reader.push(bytes.subarray(at, at + 1)))
    expect(found.at(-1)).toBe(action)
    expect(found.slice(0, -1).every((one) => one === undefined)).toBe(true)
  })

  it('is not there before its empty line', () => {
    expect(whole('action=DUNNO\n')).toBeUndefined()
  })

  it.each([
    ['nothing', '\n'],
    ['no action', 'foo=bar\n\n'],
    ['an empty action', 'action=\n\n'],
    ['no attribute', 'HTTP/1.1 400 Bad Request\n\n'],
    ['more than one answer', 'action=DUNNO\n\naction=REJECT\n\n'],
    ['what is no UTF-8', Buffer.from('action=\xff\n\n', 'latin1')],
    ['too much', `x=${'y'.repeat(ANSWER_BYTES_MAX)}`],
  ])('that is %s is a failure', (_, text) => {
    expect(() => whole(text)).toThrow(expect.objectContaining({ name: 'PolicyServerFailure' }))
  })

  it('may be as long as the limit', () => {
    const line = 'action=DUNNO\n\n'
    expect(whole(`x=${'y'.repeat(ANSWER_BYTES_MAX - line.length - 3)}\n${line}`)).toBe('DUNNO')
  })
})
