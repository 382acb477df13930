import { describe, expect, it } from 'vitest'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createReach, isImapPort } from '#shared/moving/mailboxes/imap/reach.ts'
import { SourceAway } from '#shared/moving/mailboxes/source.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'

const resolver = createFakeResolver({
  'imap.example.com': { a: ['192.0.2.7'], aaaa: ['2001:db8::7'] },
  'six.example.com': { aaaa: ['2001:db8::6'] },
  'xn--bcher-kva.example': { a: ['192.0.2.8'] },
  'inside.example.com': { a: ['10.0.0.1'], aaaa: ['fd00::1', '::1'] },
  // One address to be checked, another to be connected to.
  'both.example.com': { a: ['127.0.0.1', '192.0.2.9'], aaaa: ['::ffff:10.0.0.1'] },
  'nat.example.com': { aaaa: ['64:ff9b::a9fe:a9fe', '2002:7f00:1::'] },
  'lame.example.com': 'failure',
})

const reachWith = (...networks: string[]) => createReach({ resolver, networks })
const ask = (host: string, tls: 'implicit' | 'starttls' | 'none' = 'implicit') => ({ host, tls })

describe('where a server is that somebody names', () => {
  it.each([
    ['imap.example.com', '192.0.2.7'],
    ['imap.example.com.', '192.0.2.7'],
    ['six.example.com', '2001:db8::6'],
    ['bücher.example', '192.0.2.8'],
    ['192.0.2.33', '192.0.2.33'],
    ['2001:db8::33', '2001:db8::33'],
    ['both.example.com', '192.0.2.9'],
  ])('%s: %s', async (host, address) => {
    expect(await reachWith()(ask(host))).toEqual({ kind: 'address', address })
  })

  it.each([
    ...['inside.example.com', 'nat.example.com', '127.0.0.1', '0.0.0.0', '::1', '::', '10.1.2.3'],
    ...['172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', 'fe80::1', 'fc00::1'],
    ...['224.0.0.1', 'ff02::1', '255.255.255.255', '::ffff:127.0.0.1', '::ffff:169.254.169.254'],
    ...['64:ff9b::7f00:1', '2002:a9fe:a9fe::', '::127.0.0.1', 'fe80::1%lo'],
  ])('%s is nowhere that an import may go', async (host) => {
    expect(await reachWith()(ask(host))).toEqual({ kind: 'not-public' })
  })

  it.each(['gone.example.com', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '', '.'])(
    '%s is no host, and no other way to write an address',
    async (host) => {
      const reached = await reachWith()(ask(host))
      expect(['no-such-host', 'not-public']).toContain(reached.kind)
    },
  )

  it('may be within the networks of the setting, and nowhere beside them', async () => {
    const reach = reachWith('10.0.0.0/8', '127.0.0.1')
    const at = async (host: string) => (await reach(ask(host))).kind
    expect(await reach(ask('inside.example.com'))).toEqual({ kind: 'address', address: '10.0.0.1' })
    expect([await at('127.0.0.1'), await at('127.0.0.2')]).toEqual(['address', 'not-public'])
  })

  it('is sent passwords without TLS only within them', async () => {
    const reach = reachWith('192.0.2.8/31')
    expect(await reach(ask('imap.example.com', 'none'))).toEqual({ kind: 'clear-text' })
    expect(await reach(ask('imap.example.com', 'starttls'))).toMatchObject({ kind: 'address' })
    expect(await reach(ask('both.example.com', 'none'))).toMatchObject({ address: '192.0.2.9' })
  })

  it('is looked up anew each time, and checked again', async () => {
    const answers = ['192.0.2.7', '127.0.0.1']
    const changing: Pick<Resolver, 'resolve4' | 'resolve6'> = {
      resolve4: async () => ({ kind: 'found', records: [answers.shift() ?? ''] }),
      resolve6: async () => ({ kind: 'none' }),
    }
    const reach = createReach({ resolver: changing, networks: [] })
    const host = ask('rebinding.example.com')
    expect(await reach(host)).toEqual({ kind: 'address', address: '192.0.2.7' })
    expect(await reach(host)).toEqual({ kind: 'not-public' })
  })

  it('is not known now where no name server answers', async () => {
    await expect(reachWith()(ask('lame.example.com'))).rejects.toThrow(SourceAway)
  })

  it('is asked for by the ports of IMAP, and by those of no other service below 1024', () => {
    const allowed = [1, 22, 25, 142, 143, 144, 992, 993, 995, 1_023, 1_024, 65_535]
    expect(allowed.filter(isImapPort)).toEqual([143, 993, 1_024, 65_535])
  })
})
