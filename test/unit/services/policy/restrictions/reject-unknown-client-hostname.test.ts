import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  reject_unknown_client_hostname,
  reject_unknown_reverse_client_hostname,
} from '#services/policy/restrictions/reject-unknown-client-hostname.ts'
import { askWord, type DnsWorld, startDnsWorld } from '#test/support/asked-word.ts'

let world: DnsWorld
beforeAll(async () => {
  world = await startDnsWorld({
    '192.0.2.1': { ptr: ['good.test'] },
    'good.test': { a: ['192.0.2.1'] },
    '192.0.2.2': { ptr: ['forged.test'] },
    'forged.test': { a: ['192.0.2.1'] },
    '192.0.2.3': { ptr: ['gone.test'] },
    '192.0.2.4': { rcode: 'SERVFAIL' },
    '192.0.2.5': { ptr: ['broken.test'] },
    'broken.test': { rcode: 'REFUSED' },
    '192.0.2.6': { ptr: ['cut.test'] },
    'cut.test': { a: ['192.0.2.6'], manner: 'truncated' },
    '192.0.2.7': { manner: 'lame' },
    '2001:db8::1': { ptr: ['six.test'] },
    'six.test': { aaaa: ['2001:db8::1'] },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const none = (address: string, kind = 'defer', code = 450) =>
  `${kind} ${code} ${code < 500 ? 4 : 5}.7.25 Client host rejected: cannot find your hostname, [${address}]`

describe('reject_unknown_client_hostname', () => {
  it.each([
    ['192.0.2.1', 'dunno'],
    ['2001:db8::1', 'dunno'],
    ['::ffff:192.0.2.1', 'dunno'],
    ['192.0.2.6', 'dunno'],
    // No name, a name that leads elsewhere, and one that leads nowhere.
    ['192.0.2.99', none('192.0.2.99')],
    ['192.0.2.2', none('192.0.2.2')],
    ['192.0.2.3', none('192.0.2.3')],
    ['192.0.2.7', none('192.0.2.7')],
    ['2001:db8::99', none('2001:db8::99')],
    // A client without an address has no name to be missed.
    ['', 'dunno'],
  ])('of %s says %s', async (address, expected) => {
    expect(await askWord(reject_unknown_client_hostname, world.client(address))).toBe(expected)
  })

  it('refuses with unknownClientRejectCode what is not there', async () => {
    const set = ['unknownClientRejectCode=550']
    expect(await askWord(reject_unknown_client_hostname, world.client('192.0.2.99'), { set })).toBe(
      none('192.0.2.99', 'reject', 550),
    )
  })

  it.each(['192.0.2.4', '192.0.2.5'])(
    'never refuses %s, whose name server fails',
    async (address) => {
      const set = ['unknownClientRejectCode=550']
      expect(await askWord(reject_unknown_client_hostname, world.client(address), { set })).toBe(
        none(address),
      )
    },
  )
})

const noPtr = (address: string, kind = 'defer', code = 450) =>
  `${kind} ${code} ${code < 500 ? 4 : 5}.7.1 Client host rejected: cannot find your reverse hostname, [${address}]`

describe('reject_unknown_reverse_client_hostname', () => {
  it.each([
    ['192.0.2.1', 'dunno'],
    // Whatever is behind the name.
    ['192.0.2.2', 'dunno'],
    ['192.0.2.3', 'dunno'],
    ['192.0.2.5', 'dunno'],
    ['192.0.2.99', noPtr('192.0.2.99')],
    ['192.0.2.4', noPtr('192.0.2.4')],
  ])('of %s says %s', async (address, expected) => {
    expect(await askWord(reject_unknown_reverse_client_hostname, world.client(address))).toBe(
      expected,
    )
  })

  it('refuses with unknownClientRejectCode, but not where DNS fails', async () => {
    const set = ['unknownClientRejectCode=554']
    const ask = (address: string) =>
      askWord(reject_unknown_reverse_client_hostname, world.client(address), { set })
    expect(await ask('192.0.2.99')).toBe(noPtr('192.0.2.99', 'reject', 554))
    expect(await ask('192.0.2.4')).toBe(noPtr('192.0.2.4'))
  })
})
