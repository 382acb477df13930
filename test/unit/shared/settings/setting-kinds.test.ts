import { describe, expect, it } from 'vitest'
import {
  domain,
  hostName,
  listenAddresses,
  nameServers,
  networkList,
  nextHop,
  senderLogins,
} from '#shared/settings/address-kinds.ts'
import {
  boolean,
  bytes,
  characters,
  choice,
  duration,
  fieldNames,
  integer,
  port,
  text,
} from '#shared/settings/kinds.ts'
import type { Kind } from '#shared/settings/setting.ts'

const MINUTE = 60_000

type Cases = { readonly [text: string]: unknown }

function behaves<T>(name: string, kind: Kind<T>, allowed: Cases, refused: readonly string[]): void {
  describe(name, () => {
    for (const [text, value] of Object.entries(allowed)) {
      it(`reads '${text}'`, () => {
        const parsed = kind.parse(text)
        expect(parsed).toEqual(value)
        if (parsed !== undefined) expect(kind.parse(kind.format(parsed))).toEqual(value)
      })
    }
    it('refuses the rest', () => {
      for (const text of refused) expect(kind.parse(text), text).toBeUndefined()
    })
  })
}

behaves(
  'bytes',
  bytes({ min: 1, max: 1024 ** 3 }),
  {
    '1': 1,
    '10485760': 10_485_760,
    '10MB': 10_485_760,
    '10 mb': 10_485_760,
    '10M': 10_485_760,
    '10MiB': 10_485_760,
    '1KB': 1024,
    '7B': 7,
    '1GB': 1024 ** 3,
  },
  ['0', '1025MB', '2TB', '1.5MB', '-1', '', 'MB', '10XB', '1e3', '0x10'],
)

behaves(
  'characters',
  characters,
  {
    '': [],
    '\\0': [0],
    '\\000\\377': [0, 255],
    'ba b': [32, 97, 98],
    '\\a\\b\\f\\t\\v\\\\': [7, 8, 9, 11, 12, 92],
    '\\01x\\1777': [1, 55, 120, 127],
  },
  ['\\n', '\\r', '\\012', '\\15', '\\400', '\\x', '\\', '\\9', 'ä', 'a\n'],
)

behaves(
  'fieldNames',
  fieldNames,
  {
    '': [],
    Bcc: ['bcc'],
    'Bcc, X-Spam  bcc,': ['bcc', 'x-spam'],
  },
  ['Bcc:', 'ä', `${'x'.repeat(101)}`, Array.from({ length: 101 }, (_, i) => `x${i}`).join(' ')],
)

behaves(
  'duration',
  duration({ min: 0, max: 14 * 24 * 60 * MINUTE }),
  {
    '0': 0,
    '0s': 0,
    '250ms': 250,
    '30s': 30_000,
    '5m': 5 * MINUTE,
    '4h': 240 * MINUTE,
    '2w': 20_160 * MINUTE,
  },
  ['300', '15d', '3w', '-1s', '', 's', '1y', '1h30m', '1.5h'],
)

behaves('integer', integer({ min: 2, max: 5 }), { '2': 2, '5': 5 }, [
  '1',
  '6',
  '',
  '3.0',
  '+3',
  'x',
])

behaves('port', port, { '0': 0, '25': 25, '65535': 65_535 }, ['65536', '-1', 'smtp', ''])

behaves('boolean', boolean, { yes: true, no: false, true: true, false: false, YES: true }, [
  '1',
  '0',
  'on',
  '',
])

behaves(
  'choice',
  choice('yes', 'no', 'loopback-allowed'),
  { yes: 'yes', 'loopback-allowed': 'loopback-allowed', true: 'yes', false: 'no' },
  ['Yes', 'loopback', ''],
)

behaves('text', text, { '': '', 'grüße ß': 'grüße ß' }, ['a\nb', 'a\0', 'x'.repeat(1_001)])

behaves(
  'hostName',
  hostName,
  { 'mail.example.net': 'mail.example.net', 'MAIL.Exämple.de': 'mail.xn--exmple-cua.de' },
  [
    'localhost',
    '',
    '192.0.2.1',
    '-a.de',
    'a_b.de',
    'a..de',
    `${'x'.repeat(64)}.de`,
    'a.de.',
    'a b.de',
  ],
)

behaves('domain', domain, { '': '', 'example.net': 'example.net' }, ['a@b.de', '*', '[192.0.2.1]'])

behaves(
  'listenAddresses',
  listenAddresses,
  {
    '*': [''],
    all: [''],
    '127.0.0.1': ['127.0.0.1'],
    '::1': ['::1'],
    localhost: ['localhost'],
    'loopback-only': ['localhost'],
    '127.0.0.1, ::1 192.0.2.1,127.0.0.1': ['127.0.0.1', '::1', '192.0.2.1'],
  },
  ['', '*, 127.0.0.1', 'mail.example.net', '127.0.0.1:25', '127.0.0.0/8', '127.0.0.1,,'],
)

behaves(
  'nameServers',
  nameServers,
  {
    '': [],
    '192.0.2.53': ['192.0.2.53'],
    '192.0.2.53:5353, ::1  [2001:db8::53]:53': ['192.0.2.53:5353', '::1', '[2001:db8::53]:53'],
  },
  [
    'ns.example.net',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '[192.0.2.53]:53',
    'fe80::1%eth0',
    '192.0.2',
    Array(9).fill('192.0.2.53').join(' '),
  ],
)

behaves(
  'networkList',
  networkList,
  {
    '': [],
    '192.0.2.0/24': ['192.0.2.0/24'],
    '192.0.2.1, ::1  2001:db8::/32': ['192.0.2.1', '::1', '2001:db8::/32'],
    // As Postfix writes them.
    '[::1]/128, [2001:db8::]/32 [::1]': ['::1/128', '2001:db8::/32', '::1'],
    '0.0.0.0/0': ['0.0.0.0/0'],
  },
  [
    '192.0.2.1/24',
    '192.0.2.0/33',
    '2001:db8::1/64',
    '::/129',
    'example.net',
    '1.2.3',
    '1.2.3.0/24/8',
    '1.2.3.4/',
  ],
)

behaves(
  'nextHop',
  nextHop,
  {
    '': null,
    'example.net': { host: 'example.net', port: 25, lookUpMx: true },
    'example.net:2525': { host: 'example.net', port: 2525, lookUpMx: true },
    '[mail.example.net]:587': { host: 'mail.example.net', port: 587, lookUpMx: false },
    '[192.0.2.1]': { host: '192.0.2.1', port: 25, lookUpMx: false },
    '[2001:db8::1]:26': { host: '2001:db8::1', port: 26, lookUpMx: false },
    '[IPv6:2001:db8::1]': { host: '2001:db8::1', port: 25, lookUpMx: false },
  },
  [
    'relay_host.example.net',
    'yes',
    '192.0.2.1',
    'example.net:0',
    'example.net:65536',
    'smtp://example.net',
    '[]',
    'user@example.net',
  ],
)

behaves(
  'senderLogins',
  senderLogins,
  {
    '': [],
    'a@d.test=b@e.test': [{ sender: 'a@d.test', logins: ['b@e.test'] }],
    'a@d.test=b@e.test, c@e.test @d.test=*, *=c@e.test': [
      { sender: 'a@d.test', logins: ['b@e.test', 'c@e.test'] },
      { sender: '@d.test', logins: ['*'] },
      { sender: '*', logins: ['c@e.test'] },
    ],
    // A local part may have the character that a domain cannot have.
    'a=b@d.test=c=d@e.test e=f@e.test': [
      { sender: 'a=b@d.test', logins: ['c=d@e.test', 'e=f@e.test'] },
    ],
  },
  ['b@e.test', '*', 'a@d.test=', '=b@e.test', 'a=b@e.test', '@=b@e.test', 'a@d.test=b', '@d=b@'],
)
