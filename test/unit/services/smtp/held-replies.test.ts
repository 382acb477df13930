import { describe, expect, it } from 'vitest'
import { HELD_REPLY_CHARACTERS_MAX } from '#services/smtp/config.ts'
import { HeldReplies } from '#services/smtp/held-replies.ts'

function held() {
  const written: string[] = []
  return { written, replies: new HeldReplies((text) => written.push(text)) }
}
const ok = { code: 250, status: '2.0.0', text: 'Ok' } as const

describe('held replies', () => {
  it('leave together and once (RFC 2920 §3.2)', () => {
    const { written, replies } = held()
    replies.add(ok)
    replies.add(ok)
    expect(written).toEqual([])
    replies.flush()
    replies.flush()
    expect(written).toEqual(['250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n'])
  })

  it('leave by themselves when they are more than is held', () => {
    const { written, replies } = held()
    const line = '250 2.0.0 Ok\r\n'
    const fitting = Math.floor(HELD_REPLY_CHARACTERS_MAX / line.length)
    for (let n = 0; n < fitting; n++) replies.add(ok)
    expect(written).toEqual([])
    replies.add(ok)
    expect(written).toEqual([line.repeat(fitting + 1)])
  })
})
