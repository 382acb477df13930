import { describe, expect, it } from 'vitest'
import {
  greylistClient,
  greylistNetwork,
  greylistSender,
  TRIPLET_TEXT_CHARACTERS_MAX,
  tripletKey,
} from '#services/policy/greylist/triplet.ts'

const options = { postgreyIpv4Cidr: 24, postgreyIpv6Cidr: 64, postgreyPrivacy: false }

describe('the sender of a triplet', () => {
  it.each([
    ['ann@example.test', 'ann@example.test'],
    ['', ''],
    ['MAILER-DAEMON', 'MAILER-DAEMON'],
    // Extensions, as list managers write the recipient into one.
    ['list+bob=example.test@lists.test', 'list@lists.test'],
    // Numbers that are words of their own.
    ['bounce-123-45@lists.test', 'bounce-#-#@lists.test'],
    ['bounce123@lists.test', 'bounce123@lists.test'],
    ['b_1_2@lists.test', 'b_1_2@lists.test'],
    ['42@lists.test', '#@lists.test'],
    ['ann@7.lists.test', 'ann@7.lists.test'],
    // BATV.
    ['prvs=1234567890=ann@example.test', 'ann@example.test'],
    ['prvs=ann=1234567890@example.test', 'ann@example.test'],
    ['prvs=1234567890=abcdefghijkl@example.test', 'abcdefghijkl@example.test'],
    ['prvs=short=ann@example.test', 'ann@example.test'],
    ['prvs=a=b=c@example.test', 'prvs=a=b=c@example.test'],
    ['prvs=1234567890=ann+x@example.test', 'ann@example.test'],
  ])('%s is %s', (sender, expected) => expect(greylistSender(sender)).toBe(expected))
})

describe('the network of a client', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:1:2:3::4', '2001:0db8:0001:0002:0000:0000:0000:0000/64'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['', undefined],
    ['unknown', undefined],
  ])('of %s is %s', (address, expected) => expect(greylistNetwork(address, options)).toBe(expected))

  it('has as many bits as the settings say', () => {
    const narrow = { ...options, postgreyIpv4Cidr: 32, postgreyIpv6Cidr: 48 }
    expect(greylistNetwork('192.0.2.77', narrow)).toBe('192.0.2.77/32')
    expect(greylistNetwork('2001:db8:1:2::3', narrow)).toBe(
      '2001:0db8:0001:0000:0000:0000:0000:0000/48',
    )
  })
})

describe('the key of a triplet', () => {
  const triplet = { network: '192.0.2.0/24', sender: 'Ann+x@Example.test', recipient: 'Bob@b.test' }

  it('does not tell capitals from small letters', () => {
    expect(tripletKey(triplet, options)).toBe('192.0.2.0/24/ann@example.test/bob@b.test')
  })

  it('names nobody where that is wanted', () => {
    const key = tripletKey(triplet, { ...options, postgreyPrivacy: true })
    // printf %s 192.0.2.0/24/ann@example.test/bob@b.test | sha1sum
    expect(key).toBe('5b15c655a3c19697bc358a4143813d844e44534d')
    expect(greylistClient('192.0.2.77', { ...options, postgreyPrivacy: true })).toMatch(
      /^[0-9a-f]{40}$/,
    )
  })

  it('is the same for all that is longer than the limit, and short enough to be stored', () => {
    const sender = 'x'.repeat(TRIPLET_TEXT_CHARACTERS_MAX)
    const of = (text: string) => tripletKey({ ...triplet, sender: text }, options)
    expect(of(`${sender}a`)).toBe(of(`${sender}b`))
    expect(of(`${sender.slice(1)}a`)).not.toBe(of(`${sender.slice(1)}b`))
    const wide = 'ü'.repeat(TRIPLET_TEXT_CHARACTERS_MAX)
    expect(tripletKey({ ...triplet, sender: wide, recipient: wide }, options)).toMatch(
      /^[0-9a-f]{40}$/,
    )
  })
})
