import { describe, expect, it } from 'vitest'
import { createClient } from '#services/policy/client.ts'
import type { Known } from '#services/policy/known.ts'
import { permit } from '#services/policy/restriction.ts'
import { checks } from '#services/policy/restrictions/check-access.ts'
import type { ClientCertificate, Origin } from '#shared/contracts/spool.ts'
import { type FakeTables, fakeAccessTables } from '#test/support/access-tables.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { judgeWord, known, knownRecipient, login, stranger } from '#test/support/policy-facts.ts'

type Name = keyof typeof checks

type Changes = Partial<Known> & {
  /** Of the client; its name is confirmed where it is given. */
  readonly address?: string
  readonly name?: string
}

function factsOf({ address = stranger.remoteAddress, name, ...changes }: Changes): Known {
  const type = address.includes(':') ? 'aaaa' : 'a'
  const zone =
    name === undefined ? {} : { [address]: { ptr: [name] }, [name]: { [type]: [address] } }
  const origin = { ...stranger, remoteAddress: address }
  return { ...known({ origin, dns: createFakeResolver(zone), ...changes }), ...changes }
}

/** Of table:t. */
function decide(
  name: Name,
  entries: FakeTables[string],
  changes: Changes = {},
  argument = 'table:t',
) {
  return judgeWord(checks[name], factsOf(changes), {
    argument,
    accessTables: fakeAccessTables({ t: entries }),
    settings: { recipientDelimiter: '+' },
  })
}
/** The text of the refusal that says so. */
const said = async (name: Name, entries: FakeTables[string], changes: Changes = {}) => {
  const decision = await decide(name, entries, changes)
  return 'reply' in decision ? decision.reply.text : decision.kind
}

const named = { address: '192.0.2.7', name: 'a.b.test' }
const unnamed = { address: '192.0.2.7' }

describe('check_client_access', () => {
  it.each([
    [
      'the name before all else',
      { 'a.b.test': 'REJECT name', '.b.test': 'OK', '192.0.2.7': 'OK' },
      'name',
    ],
    ['a name below .b.test', { '.b.test': 'REJECT dot', 'b.test': 'OK' }, 'dot'],
    ['a name below b.test', { 'b.test': 'REJECT parent', test: 'OK' }, 'parent'],
    ['a top-level domain before the address', { test: 'REJECT top', '192.0.2.7': 'OK' }, 'top'],
    ['the address before its networks', { '192.0.2.7': 'REJECT one', '192.0.2': 'OK' }, 'one'],
    [
      'the smallest network',
      { '192.0.2.0/30': 'OK', '192.0.2.4/30': 'REJECT four', '192': 'OK' },
      'four',
    ],
  ])('finds %s', async (_, entries, text) => {
    expect(await said('check_client_access', entries, named)).toBe(
      `<a.b.test[192.0.2.7]>: Client host rejected: ${text}`,
    )
  })

  it('knows who has no confirmed name as unknown', async () => {
    const entries = { 'a.b.test': 'OK', unknown: 'REJECT nameless' }
    expect(await said('check_client_access', entries, unnamed)).toBe(
      '<unknown[192.0.2.7]>: Client host rejected: nameless',
    )
    const dns = createFakeResolver({ '192.0.2.7': 'failure' })
    expect(await said('check_client_access', entries, { ...unnamed, dns })).toMatch(/nameless/)
  })

  it('of DUNNO looks no further in the table', async () => {
    const entries = { 'a.b.test': 'DUNNO', 'b.test': 'REJECT', '192.0.2.7': 'REJECT' }
    expect(await said('check_client_access', entries, named)).toBe('dunno')
  })

  it('says nothing of others', async () => {
    const entries = { 'c.test': 'REJECT', '.a.b.test': 'REJECT', '192.0.3': 'REJECT' }
    expect(await said('check_client_access', entries, named)).toBe('dunno')
  })

  it('needs no DNS for a table of networks, and none for what is the same for all', async () => {
    const dns = createFakeResolver({})
    const networks = { '203.0.113.0/24': 'DUNNO', '10': 'OK' }
    expect(await said('check_client_access', networks, { dns })).toBe('dunno')
    expect(await decide('check_client_access', {}, { dns }, 'static:OK')).toEqual(permit)
    expect(dns.questions).toEqual([])
  })

  it('finds IPv6 clients', async () => {
    const known = { address: '2001:db8:1::7' }
    const entries = { '2001:db8::/32': 'REJECT wide', '2001:db8:1': 'REJECT near' }
    expect(await said('check_client_access', entries, known)).toMatch(/near/)
  })
})

describe('check_reverse_client_hostname_access', () => {
  const name = 'check_reverse_client_hostname_access'
  const dns = createFakeResolver({ '203.0.113.5': { ptr: ['dyn.isp.test'] } })

  it('knows the name that is not confirmed, and then the address', async () => {
    const client = createClient(stranger.remoteAddress, dns)
    expect(await said(name, { 'isp.test': 'REJECT dynamic' }, { client })).toBe(
      '<dyn.isp.test>: Unverified Client host rejected: dynamic',
    )
    expect(await said(name, { '203.0.113': 'REJECT net' }, { client })).toMatch(/net$/)
  })

  it('never permits: whoever has an address names it as he likes', async () => {
    expect(await said(name, { unknown: 'OK' })).toBe('Server configuration error')
    expect(await said(name, { unknown: 'DUNNO' })).toBe('dunno')
  })
})

describe('check_helo_access', () => {
  const helo = (name: string): Changes => ({ origin: { ...stranger, helo: name } })

  it.each([
    ['Mail.Spam.test', { 'spam.test': 'REJECT' }],
    ['[203.0.113.5]', { '[203.0.113.5]': 'REJECT' }],
    ['203.0.113.5', { '203.0.113.5': 'REJECT' }],
  ])('finds %s', async (name, entries) => {
    expect(await said('check_helo_access', entries, helo(name))).toBe(
      `<${name}>: Helo command rejected: Access denied`,
    )
  })

  it('finds no networks, and nothing before HELO', async () => {
    expect(await said('check_helo_access', { '203.0.113': 'REJECT' }, helo('203.0.113.5'))).toBe(
      'dunno',
    )
    expect(await said('check_helo_access', { '': 'REJECT' }, helo(''))).toBe('dunno')
  })
})

describe('check_sender_access', () => {
  const find = (entries: FakeTables[string], sender = 'Ann+x@mail.far.test') =>
    said('check_sender_access', entries, { sender })

  it.each([
    [{ 'ann+x@mail.far.test': 'REJECT 1', 'ann@mail.far.test': 'OK' }, '1'],
    [{ 'ann@mail.far.test': 'REJECT 2', 'mail.far.test': 'OK' }, '2'],
    [{ 'mail.far.test': 'REJECT 3', '.far.test': 'OK' }, '3'],
    [{ '.far.test': 'REJECT 4', 'far.test': 'OK' }, '4'],
    [{ 'far.test': 'REJECT 5', 'ann@': 'OK' }, '5'],
    [{ 'ann+x@': 'REJECT 6', 'ann@': 'OK' }, '6'],
    [{ 'ann@': 'REJECT 7' }, '7'],
  ])('finds in Postfix’s order: %j', async (entries, text) => {
    expect(await find(entries)).toBe(`<Ann+x@mail.far.test>: Sender address rejected: ${text}`)
  })

  it('knows the null sender as <>, and nobody before MAIL', async () => {
    expect(await find({ '<>': 'REJECT' }, '')).toBe('<>: Sender address rejected: Access denied')
    expect(await said('check_sender_access', { '<>': 'REJECT' }, { sender: undefined })).toBe(
      'dunno',
    )
  })
})

describe('check_recipient_access', () => {
  const to = (text: string): Changes => ({ recipient: knownRecipient(text) })

  it('finds the recipient as senders are found', async () => {
    const known = to('ann+x@example.test')
    expect(await said('check_recipient_access', { 'ann@': 'REJECT gone' }, known)).toBe(
      '<ann+x@example.test>: Recipient address rejected: gone',
    )
    expect(await said('check_recipient_access', {}, { recipient: undefined })).toBe('dunno')
  })

  it('does not permit one whose way the sender says', async () => {
    expect(
      await said('check_recipient_access', { 'example.test': 'OK' }, to('a@example.test')),
    ).toBe('permit')
    const routed = to('a%far.test@example.test')
    expect(await said('check_recipient_access', { 'example.test': 'OK' }, routed)).toBe('dunno')
    expect(await said('check_recipient_access', { 'example.test': 'REJECT' }, routed)).toMatch(
      /rejected/,
    )
  })
})

describe('check_ccert_access', () => {
  const certificate: ClientCertificate = {
    subject: 'client',
    issuer: 'ca',
    fingerprint: 'AA:01',
    publicKeyFingerprint: 'BB:02',
    verified: false,
  }
  const tls = (clientCertificate: ClientCertificate | null): Changes => ({
    origin: { ...stranger, tls: { protocol: 'TLSv1.3', cipher: 'x', clientCertificate } },
  })

  it('finds the certificate, then its public key', async () => {
    const find = (entries: FakeTables[string], known = tls(certificate)) =>
      said('check_ccert_access', entries, known)
    expect(await find({ 'aa:01': 'OK', 'bb:02': 'REJECT' })).toBe('permit')
    expect(await find({ 'BB:02': 'REJECT' })).toBe(
      '<client>: Client certificate rejected: Access denied',
    )
    expect(await find({ 'aa:01': 'OK' }, tls(null))).toBe('dunno')
    expect(await find({ 'aa:01': 'OK' }, {})).toBe('dunno')
  })
})

describe('check_sasl_access', () => {
  const find = (origin: Origin) =>
    said('check_sasl_access', { 'ann@example.test': 'REJECT', 'example.test': 'OK' }, { origin })

  it('finds the login, and nothing but that', async () => {
    expect(await find(login)).toBe('<ann@example.test>: SASL login name rejected: Access denied')
    expect(await find({ ...login, account: { id: 'b', login: 'bob@example.test' } })).toBe('dunno')
    expect(await find(stranger)).toBe('dunno')
  })
})

it('check_etrn_access has nothing to say: there is no ETRN here', async () => {
  expect(await said('check_etrn_access', { 'example.test': 'REJECT' })).toBe('dunno')
})

it('an argument that is no table is a fault of the configuration', () => {
  expect(() => decide('check_client_access', {}, {}, 'hash:/etc/postfix/access')).toThrow(
    /access import/,
  )
})
