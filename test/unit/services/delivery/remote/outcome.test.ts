import { describe, expect, it } from 'vitest'
import { REPLY_CHARACTERS_MAX, readReply } from '#services/delivery/remote/outcome.ts'

describe('readReply', () => {
  it.each([
    ['550 5.1.1 unknown', 'failed', '5.1.1'],
    ['550 unknown', 'failed', '5.0.0'],
    ['550-5.7.26 first\n550 5.7.26 second', 'failed', '5.7.26'],
    ['451 4.7.1 wait', 'deferred', '4.7.1'],
    ['421', 'deferred', '4.0.0'],
    // RFC 2034 §4: where the classes differ the basic code counts, and nothing of the other one
    ['550 4.2.2 full', 'failed', '5.0.0'],
    ['452 5.2.2 full', 'deferred', '4.0.0'],
    // the last line ends the reply
    ['250-fine\n550 5.1.1 not so', 'failed', '5.1.1'],
    // no status, only a number that looks like one
    ['550 5.1.1.1 is not it', 'failed', '5.0.0'],
    // out of place: another try would hear the same
    ['250 2.0.0 but out of place', 'failed', '5.5.0'],
    ['354 go on', 'failed', '5.5.0'],
  ])('reads %j as %s %s', (reply, kind, status) => {
    expect(readReply(reply, 'mx.test')).toMatchObject({ kind, status })
  })

  it('keeps the words, in one line and not too many', () => {
    expect(
      readReply('550-5.1.1 no\n550 5.1.1 \u001b[31mnever', 'mx.test', 'DATA command').reply,
    ).toBe('host mx.test said: 550-5.1.1 no 550 5.1.1 ?[31mnever (in reply to DATA command)')
    const { reply } = readReply(`550 ${'x'.repeat(5_000)}`, 'mx.test')
    expect(reply).toHaveLength('host mx.test said: '.length + REPLY_CHARACTERS_MAX)
  })
})
