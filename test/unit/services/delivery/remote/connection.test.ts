import { describe, expect, it } from 'vitest'
import { repairReply } from '#services/delivery/remote/connection.ts'

describe('repairReply', () => {
  it.each([
    ['250 ok', '250 ok'],
    ['250', '250'],
    ['250-one\n250 two', '250-one\n250 two'],
    ['', ''],
    // the rest is still on its way
    ['250-one', '250-one'],
    // RFC 5321 §4.2.1: the last line ends the reply, and its code counts
    ['250-ok\n550 not ok', '550-ok\n550 not ok'],
    ['550-no\n250 yes', '250-no\n250 yes'],
    ['2', '(no reply code) 2'],
    ['2 ok', '(no reply code) 2 ok'],
    ['250ok', '(no reply code) 250ok'],
    ['2500 ok', '(no reply code) 2500 ok'],
    ['999 ok', '(no reply code) 999 ok'],
    ['what?', '(no reply code) what?'],
    ['354\tgo', '(no reply code) 354\tgo'],
  ])('reads %j as %j', (reply, read) => {
    expect(repairReply(reply)).toBe(read)
  })
})
