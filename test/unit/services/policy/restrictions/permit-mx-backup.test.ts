import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { permit_mx_backup } from '#services/policy/restrictions/permit-mx-backup.ts'
import { askWord, type DnsWorld, startDnsWorld } from '#test/support/asked-word.ts'
import { annsAccount, knownOfSender } from '#test/support/policy-facts.ts'

// Of MCAST-TEST-NET (RFC 6676), which no machine has as its own.
const failing = { rcode: 'SERVFAIL' } as const

let world: DnsWorld
beforeAll(async () => {
  world = await startDnsWorld({
    // By our name, which nobody need look up.
    'named.test': { mx: ['10 primary.test', '20 MX.example.test'] },
    // By an address of ours.
    'addressed.test': { mx: ['10 primary.test', '20 ours.test'] },
    'proxied.test': { mx: ['10 primary.test', '20 proxy.test'] },
    'primary-ours.test': { mx: ['10 primary.test', '10 ours.test', '20 mx.example.test'] },
    'best-is-us.test': { mx: ['10 mx.example.test', '20 primary.test'] },
    'only-us.test': { mx: ['10 mx.example.test'] },
    'others.test': { mx: ['10 primary.test', '20 other.test'] },
    'elsewhere.test': { mx: ['10 elsewhere-primary.test', '20 mx.example.test'] },
    'broken-primary.test': { mx: ['10 broken.test', '20 mx.example.test'] },
    'broken-backup.test': { mx: ['10 primary.test', '20 broken.test'] },
    'null.test': { mx: ['0 .'] },
    'a.test': { a: ['127.0.0.1'] },
    'primary.test': { a: ['233.252.0.1'] },
    'elsewhere-primary.test': { a: ['233.252.0.2', '233.252.1.2'] },
    'other.test': { a: ['233.252.0.3'] },
    'ours.test': { a: ['233.252.0.4', '127.0.0.1'] },
    'proxy.test': { a: ['233.252.2.9'] },
    'broken.test': failing,
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const ask = (domain: string, ...set: string[]) =>
  askWord(permit_mx_backup, world.recipient(`r@${domain}`), { set })

const deferred = (domain: string) =>
  `defer-if-reject 450 4.4.4 <r@${domain}>: Recipient address rejected: Unable to look up mail exchanger information`

describe('permit_mx_backup', () => {
  it.each(['named.test', 'addressed.test'])('takes mail for %s', async (domain) => {
    expect(await ask(domain)).toBe('permit')
  })

  it('knows an address under which a proxy has us', async () => {
    expect(await ask('proxied.test')).toBe('dunno')
    expect(await ask('proxied.test', 'proxyInterfaces=233.252.2.0/24')).toBe('permit')
  })

  it.each([
    'primary-ours.test',
    'best-is-us.test',
    'only-us.test',
    'others.test',
    'null.test',
    'a.test',
    'absent.test',
    '[127.0.0.1]',
  ])('says nothing of %s', async (domain) => {
    expect(await ask(domain)).toBe('dunno')
  })

  it('wants every address of the primaries in permitMxBackupNetworks', async () => {
    const set = 'permitMxBackupNetworks=233.252.0.0/24'
    expect(await ask('named.test', set)).toBe('permit')
    expect(await ask('elsewhere.test', set)).toBe('dunno')
    expect(await ask('elsewhere.test', `${set}, 233.252.1.0/24`)).toBe('permit')
  })

  it('takes mail for a domain whose primary is not to be found just now, unless it must be in a network', async () => {
    expect(await ask('broken-primary.test')).toBe('permit')
    expect(await ask('broken-primary.test', 'permitMxBackupNetworks=0.0.0.0/0')).toBe(
      deferred('broken-primary.test'),
    )
  })

  it.each(['broken.test', 'broken-backup.test'])(
    'puts off a refusal of %s, where DNS fails',
    async (domain) => {
      expect(await ask(domain)).toBe(deferred(domain))
    },
  )

  it('never relays for who says the way himself', async () => {
    for (const local of ['a%b', '"a@b"', 'b!a']) {
      const facts = world.recipient(`${local}@named.test`)
      expect(await askWord(permit_mx_backup, facts), local).toBe('dunno')
    }
  })

  it('permits what ends here, and says nothing before RCPT', async () => {
    expect(await askWord(permit_mx_backup, world.recipient('ann@x.test', annsAccount))).toBe(
      'permit',
    )
    expect(await askWord(permit_mx_backup, knownOfSender())).toBe('dunno')
  })
})
