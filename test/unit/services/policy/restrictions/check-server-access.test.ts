import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverChecks } from '#services/policy/restrictions/check-server-access.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { askWord, type DnsWorld, startDnsWorld } from '#test/support/asked-word.ts'
import { knownOfClient, knownOfSender } from '#test/support/policy-facts.ts'

type Check = keyof typeof serverChecks

let world: DnsWorld
beforeAll(async () => {
  world = await startDnsWorld({
    'bad.test': {
      a: ['198.51.100.1'],
      mx: ['10 mx.spam-haus.test'],
      ns: ['ns1.spam-dns.test'],
    },
    'mx.spam-haus.test': { a: ['198.51.100.25'] },
    'ns1.spam-dns.test': { a: ['198.51.100.53'] },
    '203.0.113.9': { ptr: ['bad.test'] },
    '198.51.100.1': { ptr: ['bad.test'] },
    '198.51.100.2': { ptr: ['unconfirmed.test'] },
    'unconfirmed.test': { mx: ['10 mx.spam-haus.test'] },
    'local.test': { mx: ['10 localhost'] },
    'broken.test': { rcode: 'SERVFAIL' },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const tables = {
  servers: {
    'spam-haus.test': 'REJECT mail server of spammers',
    'spam-dns.test': 'REJECT name server of spammers',
    '198.51.100.1': 'REJECT address of spammers',
    '127.0.0.0/8': '550 5.7.1 no mail host',
  },
  good: { '198.51.100.0/24': 'OK' },
}

const ask = (check: Check, facts: Parameters<typeof askWord>[1], argument = 'table:servers') =>
  askWord(serverChecks[check], facts, {
    argument,
    deps: { accessTables: fakeAccessTables(tables) },
  })

describe('check_*_a_access, check_*_mx_access, check_*_ns_access', () => {
  const subjects: [string, () => Parameters<typeof askWord>[1], string][] = [
    ['client', () => world.client('198.51.100.1'), '<bad.test[198.51.100.1]>: Client host'],
    [
      'reverse_client_hostname',
      () => world.client('203.0.113.9'),
      '<bad.test>: Unverified Client host',
    ],
    ['helo', () => world.helo('bad.test.'), '<bad.test.>: Helo command'],
    ['sender', () => world.sender('s@bad.test'), '<s@bad.test>: Sender address'],
    ['recipient', () => world.recipient('r@bad.test'), '<r@bad.test>: Recipient address'],
  ]
  const kinds = [
    ['a', 'address of spammers'],
    ['mx', 'mail server of spammers'],
    ['ns', 'name server of spammers'],
  ]
  it.each(
    subjects.flatMap(([subject, facts, who]) =>
      kinds.map(([kind, text]) => ({
        check: `check_${subject}_${kind}_access` as Check,
        facts,
        expected: `reject 554 5.7.1 ${who} rejected: ${text}`,
      })),
    ),
  )('$check finds what it looks for', async ({ check, facts, expected }) => {
    expect(await ask(check, facts())).toBe(expected)
  })

  it('are all of Postfix', () => {
    expect(Object.keys(serverChecks)).toHaveLength(15)
    for (const [name, word] of Object.entries(serverChecks)) expect(word.name).toBe(name)
  })

  it('look at the addresses of servers and the networks around them', async () => {
    expect(await ask('check_sender_mx_access', world.sender('s@local.test'))).toBe(
      'reject 550 5.7.1 <s@local.test>: Sender address rejected: no mail host',
    )
    expect(await ask('check_sender_a_access', world.sender('s@[127.0.0.1]'))).toMatch(/^reject 550/)
    expect(await ask('check_helo_mx_access', world.helo('[127.0.0.1]'))).toMatch(/^reject 550/)
  })

  it('know the name of a client only where it leads back', async () => {
    expect(await ask('check_client_mx_access', world.client('198.51.100.2'))).toBe('dunno')
    expect(
      await ask('check_reverse_client_hostname_mx_access', world.client('198.51.100.2')),
    ).toMatch(/^reject 554/)
  })

  it('must not permit: whoever has the domain chooses its servers', async () => {
    expect(await ask('check_sender_a_access', world.sender('s@bad.test'), 'table:good')).toBe(
      'failure 451 4.3.5 Server configuration error',
    )
  })

  it('warn where DNS fails, and refuse nobody', async () => {
    expect(await ask('check_sender_mx_access', world.sender('s@broken.test'))).toBe('warn')
  })

  it.each<[Check, () => Parameters<typeof askWord>[1]]>([
    ['check_sender_mx_access', () => world.sender('s@absent.test')],
    ['check_sender_mx_access', () => world.sender('')],
    ['check_sender_mx_access', () => knownOfClient()],
    ['check_recipient_mx_access', () => knownOfSender()],
    ['check_helo_mx_access', () => world.helo('')],
    ['check_client_mx_access', () => world.client('203.0.113.77')],
  ])('%s says nothing where there is nothing to find', async (check, facts) => {
    expect(await ask(check, facts())).toBe('dunno')
  })

  it('want a table', async () => {
    await expect(() => ask('check_sender_mx_access', knownOfClient(), 'nothing')).rejects.toThrow()
  })
})
