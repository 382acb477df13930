import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  reject_invalid_helo_hostname,
  reject_non_fqdn_helo_hostname,
  reject_unknown_helo_hostname,
} from '#services/policy/restrictions/reject-helo-hostname.ts'
import { askWord, type DnsWorld, startDnsWorld } from '#test/support/asked-word.ts'

const longest = `${'a'.repeat(63)}.test`

let world: DnsWorld
beforeAll(async () => {
  world = await startDnsWorld({
    'a.test': { a: ['192.0.2.1'] },
    'six.test': { aaaa: ['2001:db8::1'] },
    'mail.test': { mx: ['10 a.test'] },
    'null.test': { mx: ['0 .'] },
    'text.test': { txt: ['nothing else'] },
    'bad.test': { mx: ['10 bad$name.test'] },
    'broken.test': { rcode: 'SERVFAIL' },
    'lame.test': { a: ['192.0.2.1'], manner: 'lame' },
    localhost: {},
    [longest]: { a: ['192.0.2.1'] },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const rejected = (helo: string, text: string, code = 501, status = '5.5.2') =>
  `reject ${code} ${status} <${helo}>: Helo command rejected: ${text}`

describe('reject_invalid_helo_hostname', () => {
  it.each([
    'mx.test',
    'mx.test.',
    'localhost',
    'under_score.test',
    longest,
    '[192.0.2.1]',
    '[IPv6:2001:db8::1]',
    // Back compatibility, as Postfix says.
    '192.0.2.1',
    '2001:db8::1',
    // Before HELO.
    '',
  ])('takes %s', async (helo) => {
    expect(await askWord(reject_invalid_helo_hostname, world.helo(helo))).toBe('dunno')
  })

  it.each([
    '-mx.test',
    'mx-.test',
    'mx..test',
    '.test',
    'mx.test..',
    'a b.test',
    '1234',
    `a${longest}`,
    'ä.test',
  ])('refuses %s', async (helo) => {
    expect(await askWord(reject_invalid_helo_hostname, world.helo(helo))).toBe(
      rejected(helo, 'Invalid name'),
    )
  })

  it.each(['[192.0.2]', '[192.0.2.1', '[2001:db8::1]', '[IPv6:192.0.2.1]', '[mx.test]', '['])(
    'refuses the literal %s',
    async (helo) => {
      expect(await askWord(reject_invalid_helo_hostname, world.helo(helo))).toBe(
        rejected(helo, 'invalid ip address'),
      )
    },
  )

  it('refuses with invalidHostnameRejectCode', async () => {
    const set = ['invalidHostnameRejectCode=450']
    expect(await askWord(reject_invalid_helo_hostname, world.helo('.'), { set })).toBe(
      'defer 450 4.5.2 <.>: Helo command rejected: Invalid name',
    )
  })
})

describe('reject_non_fqdn_helo_hostname', () => {
  it.each(['mx.test', 'mx.test.', '[192.0.2.1]', ''])('takes %j', async (helo) => {
    expect(await askWord(reject_non_fqdn_helo_hostname, world.helo(helo))).toBe('dunno')
  })

  it.each(['mx', 'localhost', 'localhost.', '192.0.2.1', '-mx.test'])(
    'refuses %s',
    async (helo) => {
      expect(await askWord(reject_non_fqdn_helo_hostname, world.helo(helo))).toBe(
        rejected(helo, 'need fully-qualified hostname', 504),
      )
    },
  )

  it('refuses a literal that is none, with invalidHostnameRejectCode', async () => {
    const set = ['invalidHostnameRejectCode=550', 'nonFqdnRejectCode=554']
    const ask = (helo: string) => askWord(reject_non_fqdn_helo_hostname, world.helo(helo), { set })
    expect(await ask('[mx]')).toBe(rejected('[mx]', 'invalid ip address', 550))
    expect(await ask('mx')).toBe(rejected('mx', 'need fully-qualified hostname', 554))
  })
})

const notFound = (helo: string, kind = 'defer', code = 450, text = 'Host not found') =>
  `${kind} ${code} ${code < 500 ? 4 : 5}.7.1 <${helo}>: Helo command rejected: ${text}`

describe('reject_unknown_helo_hostname', () => {
  it.each(['a.test', 'A.Test', 'six.test', 'mail.test', 'null.test', '[192.0.2.1]', ''])(
    'takes %j',
    async (helo) => {
      expect(await askWord(reject_unknown_helo_hostname, world.helo(helo))).toBe('dunno')
    },
  )

  it.each(['absent.test', 'a.test.', 'text.test', 'lame.test', '192.0.2.1', 'a b', 'mx..test'])(
    'refuses %s',
    async (helo) => {
      expect(await askWord(reject_unknown_helo_hostname, world.helo(helo))).toBe(notFound(helo))
    },
  )

  it('refuses with unknownHostnameRejectCode, also what cannot be used', async () => {
    const set = ['unknownHostnameRejectCode=550']
    const ask = (helo: string) => askWord(reject_unknown_helo_hostname, world.helo(helo), { set })
    expect(await ask('absent.test')).toBe(notFound('absent.test', 'reject', 550))
    expect(await ask('bad.test')).toBe(
      notFound('bad.test', 'reject', 550, 'Malformed DNS server reply'),
    )
  })

  it('puts off where DNS fails, as unknownHeloHostnameTempfailAction says', async () => {
    const ask = (...set: string[]) =>
      askWord(reject_unknown_helo_hostname, world.helo('broken.test'), {
        set: ['unknownHostnameRejectCode=550', ...set],
      })
    expect(await ask()).toBe(notFound('broken.test', 'defer-if-permit'))
    expect(await ask('unknownHeloHostnameTempfailAction=defer')).toBe(notFound('broken.test'))
    expect(await ask('rejectTempfailAction=defer')).toBe(notFound('broken.test'))
  })
})
