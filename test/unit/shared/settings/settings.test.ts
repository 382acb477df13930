import { describe, expect, it } from 'vitest'
import { describeSettings } from '#shared/settings/describe.ts'
import { loadSettings, type SettingSources, variableOf } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import { settingsByPath } from '#shared/settings/table.ts'

type Given = {
  readonly toml?: string
  readonly environment?: SettingSources['environment']
  readonly set?: readonly string[]
  readonly files?: { readonly [path: string]: string }
  readonly defaults?: { readonly [path: string]: string }
}

function load({ toml, environment = {}, set = [], files, defaults = {} }: Given) {
  const file = toml === undefined ? undefined : { path: 'postwolke.toml', text: toml }
  const reading = files && {
    readFile(path: string) {
      const text = files[path]
      if (text === undefined) throw new Error('ENOENT: no such file')
      return text
    },
  }
  return loadSettings({ file, environment, overrides: set, defaults, ...reading })
}

function loaded(given: Given) {
  const result = load(given)
  if (result.kind === 'invalid') throw new Error(result.problems.map(formatProblem).join('\n'))
  return result
}

function refusals(given: Given): readonly string[] {
  const result = load(given)
  return result.kind === 'ok' ? [] : result.problems.map(formatProblem)
}

describe('loadSettings', () => {
  it('starts from defaults that let nobody relay and nobody send passwords in clear', () => {
    const { settings, origin } = loaded({})
    expect(settings.mynetworks).toEqual([])
    expect(settings.disablePlaintextAuth).toBe('yes')
    expect(settings.messageSizeLimit).toBe(10 * 1024 * 1024)
    expect(settings.mailboxSizeLimit).toBe(200 * 1024 * 1024)
    expect(settings.listeners.smtp).toEqual({ enabled: true, address: [''], port: 2525 })
    expect(settings.delayWarningTime).toBe(4 * 3_600_000)
    expect(origin('messageSizeLimit')).toEqual({ kind: 'default' })
  })

  it('lets --set win over the environment, that over the file, and that over the default', () => {
    const toml = 'hopcountLimit = 1\nsmtpdErrorLimit = 1\nsmtpdRecipientLimit = 1'
    const environment = { POSTWOLKE_HOPCOUNT_LIMIT: '2', POSTWOLKE_SMTPD_ERROR_LIMIT: '2' }
    const { settings, origin } = loaded({ toml, environment, set: ['hopcountLimit=3'] })
    expect(settings).toMatchObject({
      hopcountLimit: 3,
      smtpdErrorLimit: 2,
      smtpdRecipientLimit: 1,
      clientConnectionCountLimit: 50,
    })
    expect(origin('hopcountLimit')).toEqual({ kind: 'override' })
    expect(origin('smtpdErrorLimit')).toEqual({
      kind: 'environment',
      variable: 'POSTWOLKE_SMTPD_ERROR_LIMIT',
    })
    expect(origin('smtpdRecipientLimit')).toEqual({ kind: 'file', path: 'postwolke.toml' })
  })

  it('takes the last of several --set', () => {
    expect(loaded({ set: ['hopcountLimit=3', 'hopcountLimit=4'] }).settings.hopcountLimit).toBe(4)
  })

  it('reads nested tables, dotted keys and arrays of TOML', () => {
    const toml = `
      mynetworks = ["192.0.2.0/24", "2001:db8::/32"]
      messageSizeLimit = "25MB"
      mailboxSizeLimit = 1000000
      smtpdHeloRequired = false
      tls.minimumVersion = "TLSv1.3"
      [listeners.smtp]
      port = 25`
    const { settings } = loaded({ toml })
    expect(settings.mynetworks).toEqual(['192.0.2.0/24', '2001:db8::/32'])
    expect(settings.messageSizeLimit).toBe(25 * 1024 * 1024)
    expect(settings.mailboxSizeLimit).toBe(1_000_000)
    expect(settings.smtpdHeloRequired).toBe(false)
    expect(settings.tls.minimumVersion).toBe('TLSv1.3')
    expect(settings.listeners.smtp.port).toBe(25)
    expect(settings.listeners.pop3.port).toBe(1110)
  })

  it('reads variables with two underscores between levels', () => {
    const environment = { POSTWOLKE_LISTENERS__POP3S__PORT: '0', PATH: '/bin' }
    expect(loaded({ environment }).settings.listeners.pop3s.port).toBe(0)
  })

  it('leaves the variables of the command line alone', () => {
    expect(refusals({ environment: { POSTWOLKE_DATA: 'd', POSTWOLKE_CONFIG: 'c' } })).toEqual([])
  })

  it('keeps everything after the first = of --set', () => {
    expect(
      loaded({ set: ['tls.certificateFile=a=b', 'tls.keyFile=k'] }).settings.tls,
    ).toMatchObject({
      certificateFile: 'a=b',
    })
  })

  it('gives each setting a variable of its own', () => {
    const variables = new Set([...settingsByPath.keys()].map(variableOf))
    expect(variables.size).toBe(settingsByPath.size)
  })
})

describe('$name', () => {
  const settingsOf = (...set: readonly string[]) =>
    loaded({ set: ['hostname=Mail.Example.net', ...set] }).settings

  it('stands for the value of another setting, from whatever source', () => {
    const { settings } = loaded({
      toml: `myorigin = "$defaultDomain"\nsmtpdBanner = "\${hostname} $(myorigin)"`,
      environment: { POSTWOLKE_HOSTNAME: 'Mail.Example.net' },
      set: ['defaultDomain=example.net'],
    })
    expect(settings.myorigin).toBe('example.net')
    expect(settings.smtpdBanner).toBe('mail.example.net example.net')
  })

  it('is in defaults that follow from others', () => {
    const settings = settingsOf('inetInterfaces=127.0.0.1 ::1', 'listeners.pop3.address=192.0.2.1')
    expect(settings.smtpdBanner).toBe('mail.example.net ESMTP Postwolke')
    expect(settings.listeners.smtp.address).toEqual(['127.0.0.1', '::1'])
    expect(settings.listeners.pop3.address).toEqual(['192.0.2.1'])
    expect(loaded({}).settings.listeners.smtp.address).toEqual([''])
  })

  it('takes sizes, numbers, lists and settings in groups', () => {
    const settings = settingsOf(
      'messageSizeLimit=20MB',
      'mailboxSizeLimit=$messageSizeLimit',
      'hopcountLimit=$smtpdErrorLimit',
      'mynetworks=192.0.2.1, 192.0.2.2',
      'authTrustedNetworks=$mynetworks 192.0.2.3',
      `smtpdBanner=$hostname \${tls.minimumVersion}`,
    )
    expect(settings.mailboxSizeLimit).toBe(20 * 1024 * 1024)
    expect(settings.hopcountLimit).toBe(20)
    expect(settings.authTrustedNetworks).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    expect(settings.smtpdBanner).toBe('mail.example.net TLSv1.2')
  })

  it('is a dollar sign where it is doubled, and where no name follows', () => {
    expect(
      settingsOf(
        'relayhostPasswordFile=$$a/$/$1',
        'relayhost=[x.test]',
        'relayhostUser=a$$hostname$',
      ),
    ).toMatchObject({ relayhostPasswordFile: '$a/$/$1', relayhostUser: 'a$hostname$' })
  })

  it.each([
    ['$nothing', '$nothing is not a setting'],
    [`\${hostnam}`, '$hostnam is not a setting; did you mean $hostname?'],
    ['$smtpdBanner', '$smtpdBanner refers to itself (smtpdBanner, smtpdBanner)'],
    ['$hostname $myorigin', '$smtpdBanner refers to itself'],
  ])('is refused in %s, with the reason', (banner, reason) => {
    const refused = refusals({ set: ['myorigin=$smtpdBanner', `smtpdBanner=${banner}`] })
    expect(refused.join('\n')).toContain(
      `smtpdBanner cannot be '${banner}' (from --set): ${reason}`,
    )
  })

  it('cannot grow without an end', () => {
    const networks = Array.from({ length: 9_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(' ')
    const refused = refusals({
      set: [`mynetworks=${networks}`, `authTrustedNetworks=${'$mynetworks '.repeat(10)}`],
    })
    expect(refused).toHaveLength(1)
    expect(refused[0]).toContain('more than 1000000 characters')
  })
})

describe('networks in a file', () => {
  const files = {
    '/etc/networks':
      '# ours\n192.0.2.0/24\n  2001:db8::/32 # the new one\r\n\n198.51.100.1, 198.51.100.2',
    './more': '203.0.113.1',
    '/bad': '192.0.2.1 mail.example.net',
    '/long': `${'#'.repeat(1_000_001)}`,
  }

  it('are those of the list', () => {
    const set = ['mynetworks=10.0.0.1 /etc/networks, ./more', 'proxyTrustedNetworks=./more']
    const { settings } = loaded({ set, files })
    expect(settings.mynetworks).toEqual([
      '10.0.0.1',
      '192.0.2.0/24',
      '2001:db8::/32',
      '198.51.100.1',
      '198.51.100.2',
      '203.0.113.1',
    ])
    expect(settings.proxyTrustedNetworks).toEqual(['203.0.113.1'])
    expect(loaded({ toml: 'mynetworks = ["./more"]', files }).settings.mynetworks).toEqual([
      '203.0.113.1',
    ])
  })

  it.each([
    ['/none', /^mynetworks cannot be '\/none' .*: cannot read \/none: ENOENT/],
    ['/bad', /^mynetworks cannot be '\/bad' .*; allowed: /],
    ['/long', /: \/long has more than 1000000 characters$/],
  ])('must be there and be networks: %s', (path, reason) => {
    expect(refusals({ set: [`mynetworks=${path}`], files })).toEqual([
      expect.stringMatching(reason),
    ])
  })

  it('are refused where files cannot be read, and in what is no list of networks', () => {
    expect(refusals({ set: ['mynetworks=/etc/networks'] })[0]).toMatch(/files cannot be named here/)
    expect(refusals({ set: ['inetInterfaces=/etc/networks'], files })).toHaveLength(1)
  })
})

describe('defaults from outside', () => {
  it('come before every other source and are no source', () => {
    const defaults = { hostname: 'a.test' }
    const result = loaded({ defaults })
    expect(result.settings.smtpdBanner).toBe('a.test ESMTP Postwolke')
    expect(result.origin('hostname')).toEqual({ kind: 'default' })
    expect(loaded({ defaults, toml: 'hostname = "b.test"' }).settings.hostname).toBe('b.test')
  })
})

describe('a refused start', () => {
  it('reports every mistake of every source at once', () => {
    const found = refusals({
      toml: 'hopcountLimit = "many"',
      environment: { POSTWOLKE_SMTPD_ERROR_LIMIT: '-1' },
      set: ['nonsense', 'listeners.smtp.port=70000'],
    })
    expect(found).toEqual([
      "--set wants key=value, not 'nonsense'",
      "hopcountLimit cannot be 'many' (from postwolke.toml); allowed: a whole number from 1 to 1000",
      "smtpdErrorLimit cannot be '-1' (from environment variable POSTWOLKE_SMTPD_ERROR_LIMIT); allowed: a whole number from 1 to 10000",
      "listeners.smtp.port cannot be '70000' (from --set); allowed: a port number from 0 to 65535 (0: any free port)",
    ])
  })

  it('reports a bad value even where a better source overrides it', () => {
    expect(refusals({ toml: 'hopcountLimit = 0', set: ['hopcountLimit=5'] })).toHaveLength(1)
  })

  it('says where a file is not TOML', () => {
    expect(refusals({ toml: 'hopcountLimit = 5\nmynetworks = [' })[0]).toMatch(
      /^postwolke\.toml:2:\d+ is not TOML: /,
    )
    expect(refusals({ toml: 'smtpd_helo_required = yes' })[0]).toMatch(/a text stands in quotes/)
  })

  const meant: readonly (readonly [string, string])[] = [
    ['mesageSizeLimit', 'messageSizeLimit'],
    ['message_size_limit', 'messageSizeLimit'],
    ['smtpd_hard_error_limit', 'smtpdErrorLimit'],
    ['disable_plaintext_auth', 'disablePlaintextAuth'],
    ['ssl_cert', 'tls.certificateFile'],
    ['smtp.port', 'listeners.smtp.port'],
    ['listeners.smpt.port', 'listeners.smtp.port'],
  ]
  for (const [written, setting] of meant) {
    it(`guesses that ${written} means ${setting}`, () => {
      expect(refusals({ set: [`${written}=1`] })).toEqual([
        `${written} is not a setting (from --set); did you mean ${setting}?`,
      ])
    })
  }

  it('does not guess from far away', () => {
    expect(refusals({ set: ['wxyzwxyz=1'] })).toEqual(['wxyzwxyz is not a setting (from --set)'])
    expect(refusals({ set: ['x=1'] })).toEqual(['x is not a setting (from --set)'])
  })

  it('knows unknown variables and unknown keys of the file', () => {
    expect(refusals({ environment: { POSTWOLKE_LISTENERS__POP3__PROT: '1' } })[0]).toContain(
      'did you mean listeners.pop3.port?',
    )
    expect(refusals({ toml: '[listeners.ftp]\nport = 21' })[0]).toMatch(
      /^listeners\.ftp\.port is not a setting \(from postwolke\.toml\)/,
    )
    expect(refusals({ toml: '__proto__ = 1\nconstructor = 2' })).toHaveLength(2)
  })

  it('does not take a table, an array or a date where one value belongs', () => {
    for (const toml of [
      'hopcountLimit = [5]',
      'hopcountLimit = {a = 5}',
      'hopcountLimit = 2026-01-01',
    ])
      expect(refusals({ toml })[0], toml).toMatch(/^hopcountLimit cannot be /)
    expect(refusals({ toml: 'listeners = 5' })[0]).toMatch(/^listeners is not a setting/)
  })

  const relayLogin = ['relayhost=[x.test]:587', 'relayhostUser=me', 'relayhostPasswordFile=p']
  const conflicts: readonly (readonly [string, readonly string[]])[] = [
    ['a back-off that shrinks', ['minimalBackoffTime=2h', 'maximalBackoffTime=1h']],
    ['a certificate without a key', ['tls.certificateFile=c.pem']],
    ['a relay login without a password', ['relayhost=[x.example]', 'relayhostUser=me']],
    ['a relay login without a relay', ['relayhostUser=me', 'relayhostPasswordFile=p']],
    ['two listeners on one port', ['listeners.pop3.port=2525']],
    [
      'two listeners on one port of one address',
      [
        'inetInterfaces=127.0.0.1 127.0.0.2',
        'listeners.pop3.port=2525',
        'listeners.pop3.address=127.0.0.3 127.0.0.2',
      ],
    ],
    ['a banner without the host name', ['hostname=a.test', 'smtpdBanner=ESMTP a.test']],
    ['a banner of a longer name', ['hostname=a.test', 'smtpdBanner=a.test.example ESMTP']],
    ['a relay login in clear', [...relayLogin, 'smtpTlsSecurityLevel=none']],
    ['a relay login perhaps in clear', [...relayLogin, 'smtpTlsSecurityLevel=may']],
    ['clear text where TLS comes first', ['relayhost=[x.test]:465', 'smtpTlsSecurityLevel=none']],
    ['a certificate to show without its key', ['smtpTlsCertFile=c.pem']],
    ['fingerprints without one', ['smtpTlsSecurityLevel=fingerprint']],
    ['DANE without a name server that is believed', ['smtpTlsSecurityLevel=dane-only']],
  ]
  for (const [what, set] of conflicts) {
    it(`refuses ${what}`, () => {
      expect(refusals({ set })).toHaveLength(1)
    })
  }

  it('has nothing against two listeners on any free port, on two addresses, or one of them off', () => {
    expect(refusals({ set: ['listeners.pop3.port=0', 'listeners.smtp.port=0'] })).toEqual([])
    expect(refusals({ set: ['listeners.pop3.port=2525', 'listeners.pop3.enabled=no'] })).toEqual([])
    expect(
      refusals({
        set: [
          'listeners.pop3.port=2525',
          'listeners.pop3.address=127.0.0.1',
          'listeners.smtp.address=127.0.0.2',
        ],
      }),
    ).toEqual([])
  })
})

describe('describeSettings', () => {
  it('writes every value so that it can be read again', () => {
    const set = [
      'messageSizeLimit=1234567',
      'delayWarningTime=0',
      'smtpdTimeout=90s',
      'mynetworks=192.0.2.1 ::1/128',
      'relayhost=[smtp.example.net]:587',
      'listeners.smtp.address=*',
      'disablePlaintextAuth=loopback-allowed',
      'hostname=a.test',
      'smtpdBanner=$hostname costs $$ 5',
      'inetInterfaces=127.0.0.1 ::1',
    ]
    const first = loaded({ set })
    const again = describeSettings(first).map(({ path, value }) => `${path}=${value}`)
    expect(loaded({ set: again }).settings).toEqual(first.settings)
  })

  it('says where a value came from', () => {
    const rows = describeSettings(loaded({ set: ['messageSizeLimit=20MB'] }))
    expect(rows.find(({ path }) => path === 'messageSizeLimit')).toMatchObject({
      value: '20MB',
      origin: '--set',
      default: '10MB',
    })
    expect(rows).toHaveLength(settingsByPath.size)
  })
})
