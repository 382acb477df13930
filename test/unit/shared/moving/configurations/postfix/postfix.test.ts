// A configuration of Postfix as a plan: what each part of it becomes, and what is told of the rest.

import { describe, expect, it } from 'vitest'
import { ALIAS_CHARACTERS_MAX } from '#shared/moving/configurations/alias-file.ts'
import { openDatabase } from '#shared/moving/configurations/database/database.ts'
import { itemsOf, type MovingPlan } from '#shared/moving/configurations/plan.ts'
import { readPostfix } from '#shared/moving/configurations/postfix/postfix.ts'
import { withDovecot } from '#shared/moving/configurations/postfix/with-dovecot.ts'
import {
  ALL_FILES_BYTES_MAX,
  FILE_BYTES_MAX,
  FILES_MAX,
  withinLimits,
} from '#shared/moving/configurations/source-files.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { filesFrom, fixturePath, textsBelow } from '#test/support/moving-fixtures.ts'

const usual = 'compatibility_level = 3.6\nmyhostname = mx.a.test\n'

function read(
  main: string,
  texts: { readonly [path: string]: string } = {},
  workMax?: number,
): MovingPlan {
  const found = readPostfix({
    files: filesFrom({ 'main.cf': usual + main, ...texts }),
    ...(workMax !== undefined && { workMax }),
  })
  if (found.kind !== 'plan') throw new Error(found.reason)
  return found.plan
}
const settingsOf = (plan: MovingPlan) =>
  Object.fromEntries(itemsOf(plan, 'setting').map(({ path, text }) => [path, text]))
const aliasesOf = (plan: MovingPlan) =>
  Object.fromEntries(itemsOf(plan, 'alias').map(({ alias, targets }) => [alias, targets.join(' ')]))
const notesAbout = (plan: MovingPlan, about: RegExp) =>
  plan.notes.filter((note) => about.test(note.about)).map(({ kind, from }) => [kind, from.line])

describe('parameters', () => {
  it('become settings, with the units that Postfix means', () => {
    expect(
      settingsOf(
        read(
          'maximal_queue_lifetime = 3\ndelay_warning_time = 2\nsmtp_helo_timeout = 30\nmessage_size_limit = 1000000\nsmtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1\ninet_protocols = ipv4, ipv6\n',
        ),
      ),
    ).toMatchObject({
      maximalQueueLifetime: '3d',
      delayWarningTime: '2h',
      smtpHeloTimeout: '30s',
      messageSizeLimit: '1000000',
      'tls.minimumVersion': 'TLSv1.2',
      inetProtocols: 'all',
    })
  })

  it('of every Debian and of many guides are taken as they are meant', () => {
    const plan = read(
      'mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\npostscreen_greet_action = enforce\n',
    )
    expect(settingsOf(plan)).toMatchObject({
      ...{ mynetworks: '127.0.0.0/8, ::1/128', smtpdGreetAction: 'drop' },
    })
    expect(plan.notes.filter(({ kind }) => kind === 'faulty')).toEqual([])
  })

  it('ask no policy server that does what is within, or that Postfix starts', () => {
    const plan = read(
      'smtpd_recipient_restrictions = check_policy_service unix:private/quota-status, check_policy_service inet:127.0.0.1:12340, check_policy_service unix:private/policyd-spf, check_policy_service unix:private/own, check_policy_service inet:127.0.0.1:7777, reject_unauth_destination\n',
      { 'master.cf': 'own unix - n n - 0 spawn user=own argv=/usr/bin/own\n' },
    )
    expect(settingsOf(plan)).toMatchObject({
      smtpdRecipientRestrictions:
        'check_policy_service inet:127.0.0.1:7777, reject_unauth_destination',
    })
    const notes = plan.notes.filter(({ about, reason }) =>
      `${about} ${reason}`.includes('check_policy_service'),
    )
    expect(notes.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
      expect.stringMatching(/^not-supported .*full takes nothing/),
      expect.stringMatching(/^not-supported .*full takes nothing/),
      expect.stringMatching(/^not-supported .*SPF/),
      expect.stringMatching(/^not-supported .*no program is started for it: user=own/),
      expect.stringMatching(/^to-do it is asked as before/),
    ])
  })

  it('leave out filters that do what is within', () => {
    const plan = read(
      'smtpd_milters = inet:localhost:8891, { unix:/run/opendkim/opendkim.sock, connect_timeout=5s } inet:127.0.0.1:8893 inet:localhost:11332\n',
    )
    expect(settingsOf(plan)).toMatchObject({ smtpdMilters: 'inet:localhost:11332' })
    expect(plan.notes.filter(({ about }) => about.startsWith('smtpd_milters'))).toMatchObject([
      { kind: 'to-do', reason: expect.stringContaining('postwolke import opendkim') },
      { kind: 'to-do', about: expect.stringContaining('opendkim.sock') },
      { kind: 'to-do', reason: expect.stringContaining('mailAuthentication') },
      { kind: 'to-do', reason: expect.stringContaining('it is asked as before') },
    ])
  })

  it('that are not here are told with their line', () => {
    const plan = read(
      'biff = no\nsmtpd_proxy_filter = 127.0.0.1:1\nour_name = x\nunused = y\nmail_name = $our_name\nmessage_size_limit = big\n',
    )
    expect(notesAbout(plan, /^biff$/)).toEqual([['not-needed', 3]])
    expect(notesAbout(plan, /^smtpd_proxy_filter$/)).toEqual([['not-supported', 4]])
    expect(notesAbout(plan, /^our_name$/)).toEqual([])
    expect(notesAbout(plan, /^unused$/)).toEqual([['not-needed', 6]])
    expect(notesAbout(plan, /^message_size_limit$/)).toEqual([['not-supported', 8]])
  })

  it('that are wrong are told', () => {
    const plan = read(
      'myorigin = $myorigin\nword\nmessage_size_limit = 1\nmessage_size_limit = 2\n',
    )
    expect(plan.notes.filter(({ kind }) => kind === 'faulty')).toMatchObject([
      { about: 'main.cf', from: { line: 4 } },
      { about: 'myorigin', from: { line: 3 } },
    ])
    expect(notesAbout(plan, /^message_size_limit$/)).toEqual([['not-needed', 5]])
  })
})

describe('domains', () => {
  it("are those of all classes, and the host's own by its aliases", () => {
    const plan = read(
      'mydomain = a.test\nmydestination = $myhostname, $mydomain, localhost\nmyorigin = $mydomain\nvirtual_mailbox_domains = b.test, /etc/domains\nvirtual_alias_domains = hash:/etc/more\nalias_maps = hash:/etc/aliases\nvirtual_mailbox_maps = hash:/etc/boxes\n',
      {
        '/etc/domains': '# more\nc.test\n',
        '/etc/more': 'D.test x\n',
        '/etc/aliases': 'root: ann\nowner-x: ann@b.test\n"a b": ann\n',
        '/etc/boxes': 'ann@b.test b/ann/\n',
      },
    )
    expect(itemsOf(plan, 'domain').map(({ domain }) => domain)).toEqual([
      'a.test',
      'b.test',
      'c.test',
      'd.test',
    ])
    expect(aliasesOf(plan)).toEqual({
      'root@a.test': 'ann@a.test',
      'owner-x@a.test': 'ann@b.test',
      '"a b"@a.test': 'ann@a.test',
    })
    expect(settingsOf(plan)).toMatchObject({ defaultDomain: 'a.test', mydestination: 'localhost' })
  })

  it('that only stand in virtual_alias_maps are there too', () => {
    const plan = read('virtual_alias_maps = hash:/v\n', {
      '/v': 'b.test anything\ninfo@b.test x@c.test\n',
    })
    expect(itemsOf(plan, 'domain').map(({ domain }) => domain)).toEqual(['mx.a.test', 'b.test'])
    expect(aliasesOf(plan)).toEqual({ 'info@b.test': 'x@c.test' })
  })
})

describe('mailboxes and aliases', () => {
  const plan = read(
    'virtual_mailbox_domains = b.test c.test\nvirtual_mailbox_maps = hash:/boxes, hash:/boxes2\nvirtual_alias_maps = hash:/v, hash:/v2, regexp:/r\n',
    {
      '/boxes': 'ann@b.test b.test/ann/\nann.lang@b.test b.test/ann/\n@c.test c.test/all/\n',
      '/boxes2': 'bob@b.test b.test/bob\nann@b.test other/\n',
      '/v': 'ann@b.test ann@b.test, x@elsewhere.test\nbob@b.test y@elsewhere.test\ninfo@b.test ann@b.test\nloop@b.test loop@b.test\n',
      '/v2': 'info@b.test second@b.test\nextra@b.test @c.test\n',
      '/r': '/^sales@b\\.test$/ ann@b.test\n/^(.*)@d\\.test$/ $1@b.test\n/^x(.*)@b\\.test$/ ann@b.test\nif /b/\n/^in@b\\.test$/ ann@b.test\nendif\n',
    },
  )

  it('are one where they were one', () => {
    expect(itemsOf(plan, 'account').map(({ address }) => address)).toEqual([
      'ann@b.test',
      'bob@b.test',
    ])
    expect(aliasesOf(plan)).toMatchObject({ 'ann.lang@b.test': 'ann@b.test' })
    expect(notesAbout(plan, /^@c\.test$/)).toEqual([['to-do', 3]])
  })

  it("lead on where an account's own address led elsewhere", () => {
    expect(itemsOf(plan, 'forward')).toMatchObject([
      { address: 'ann@b.test', targets: ['x@elsewhere.test'], keep: true },
      { address: 'bob@b.test', targets: ['y@elsewhere.test'], keep: false },
    ])
  })

  it('come from the first table that has them, and from patterns that are keys', () => {
    expect(aliasesOf(plan)).toEqual({
      'ann.lang@b.test': 'ann@b.test',
      'info@b.test': 'ann@b.test',
      'extra@b.test': 'extra@c.test',
      'sales@b.test': 'ann@b.test',
    })
    expect(notesAbout(plan, /virtual_alias_maps: /)).toEqual([
      ['not-supported', 3],
      ['not-supported', 5],
    ])
    expect(notesAbout(plan, /^loop@/)).toEqual([['not-supported', 4]])
  })

  it('of domains in a database are there by its dump', () => {
    const database = openDatabase({
      path: 'x',
      files: filesFrom({
        x: "INSERT INTO virtual_domains (name) VALUES ('a.test'), ('b.test');\nINSERT INTO virtual_users (email, password) VALUES ('ann@a.test', '{PLAIN}x');\n",
      }),
    })
    if (database.kind === 'refused') throw new Error(database.reason)
    const main =
      'virtual_mailbox_domains = mysql:/d\nvirtual_mailbox_maps = proxy:mysql:/m\nvirtual_alias_maps = hash:/v, mysql:/a\nrelay_domains = mysql:/r\n'
    const texts = { '/v': 'ann@a.test ann@a.test, x@c.test\n@b.test @a.test\n' }
    const found = readPostfix({
      ...{ files: filesFrom({ 'main.cf': usual + main, ...texts }), database },
    })
    if (found.kind === 'refused') throw new Error(found.reason)
    expect(itemsOf(found.plan, 'account')).toMatchObject([
      { address: 'ann@a.test', hash: '{PLAIN}x' },
    ])
    expect(itemsOf(found.plan, 'forward')).toMatchObject([{ targets: ['x@c.test'], keep: true }])
    expect(itemsOf(found.plan, 'alias')).toMatchObject([
      { alias: 'ann@b.test', targets: ['ann@a.test'] },
    ])
    expect(found.plan.notes.filter(({ reason }) => reason.includes('database'))).toMatchObject([
      { about: expect.stringContaining('relay_domains') },
    ])
  })

  it('of one line may be more than a call takes arguments, and have an end', () => {
    const main = 'mydestination = $myhostname\nalias_maps = hash:/a\n'
    const found = (value: string) => {
      const plan = read(main, { '/a': `all: ${value}\n` })
      return {
        targets: itemsOf(plan, 'alias').flatMap(({ targets }) => targets).length,
        notes: plan.notes.filter(({ about }) => about === 'all').map(({ reason }) => reason),
      }
    }
    expect(found('<'.repeat(ALIAS_CHARACTERS_MAX)).targets).toBe(0)
    expect(found(`|${' a'.repeat(ALIAS_CHARACTERS_MAX / 2 - 1)}`).notes).toEqual([
      expect.stringMatching(/^mail is given to no program/),
    ])
    expect(found(`ann,${' '.repeat(ALIAS_CHARACTERS_MAX)},bob`)).toEqual({
      targets: 1,
      notes: [`more than ${ALIAS_CHARACTERS_MAX} characters; the rest is left out`],
    })
  })

  it('of lists end where lists include each other', () => {
    const texts = {
      '/etc/aliases': 'all: :include:/one\n',
      '/one': 'ann\n:include:/two\n',
      '/two': 'bob\n:include:/one\n',
    }
    const looped = read('alias_maps = hash:/etc/aliases\n', texts)
    expect(aliasesOf(looped)).toEqual({ 'all@mx.a.test': 'ann@mx.a.test bob@mx.a.test' })
    expect(notesAbout(looped, /^all$/)).toEqual([['not-supported', 2]])
  })
})

describe('restrictions', () => {
  const plan = read(
    `smtpd_restriction_classes = strict
strict = reject_non_fqdn_sender, permit
smtpd_client_restrictions = hash:/etc/clients, pcre:/etc/p, warn_if_reject reject_unknown_client
smtpd_recipient_restrictions = check_recipient_access inline:{ {x@b.test = strict} }, no_such_word, check_policy_service { inet:127.0.0.1:10023, timeout=5s }, check_policy_service unix:private/spf, reject_rbl_client zen.example=127.0.0.[2..4], warn_if_reject strict
smtpd_sender_restrictions = check_sender_access cidr:/etc/c
relocated_maps = inline:{ {gone@mx.a.test = new@b.test}, {@old.test=@b.test} }
`,
    {
      '/etc/clients': '192.0.2 REJECT\nbad.test strict\nodd.test no_such_action\n',
      '/etc/p': '/x/ REJECT\n',
      '/etc/c': '10.0.0.0/8 OK\n',
      'master.cf':
        'smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n -o { smtpd_relay_restrictions = permit_sasl_authenticated, reject }\n -o smtpd_tls_security_level=encrypt\n',
    },
  )

  it('have tables of the directory, and what is within', () => {
    expect(settingsOf(plan)).toMatchObject({
      policyPreset: 'open',
      smtpdRestrictionClasses: 'strict={ reject_non_fqdn_sender, permit }',
      smtpdClientRestrictions:
        'check_client_access table:clients, warn_if_reject reject_unknown_client',
      smtpdRecipientRestrictions: [
        'check_recipient_access table:relocated',
        'check_recipient_access inline:{ {x@b.test=strict} }',
        'check_policy_service postgrey',
        'check_policy_service unix:/var/spool/postfix/private/spf',
        'reject_rbl_client zen.example=127.0.0.[2..4]',
        'warn_if_reject strict',
      ].join(', '),
      smtpdSenderRestrictions: 'check_sender_access table:c',
      smtpdRelayRestrictions:
        'permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination',
      submissionClientRestrictions: 'permit_sasl_authenticated, reject',
      submissionRelayRestrictions: 'permit_sasl_authenticated, reject',
      submissionRequireTls: 'yes',
      'listeners.submission.port': '587',
    })
  })

  it('tell words, tables and results that are not here', () => {
    expect(notesAbout(plan, /no_such_word/)).toEqual([['not-supported', 6]])
    expect(notesAbout(plan, /pcre:/)).toEqual([['not-supported', 5]])
    expect(notesAbout(plan, /no_such_action/)).toEqual([['not-supported', 3]])
    const tables = itemsOf(plan, 'table').map(({ table, entries }) => [
      table,
      entries.map(({ key }) => key),
    ])
    expect(tables).toEqual([
      ['relocated', ['gone@mx.a.test', 'old.test']],
      ['clients', ['192.0.2', 'bad.test']],
      ['c', ['10.0.0.0/8']],
    ])
  })
})

describe('maps', () => {
  const plan = read(
    `virtual_mailbox_domains = b.test
transport_maps = hash:/t
relay_domains = partner.test, hash:/relayed
canonical_maps = hash:/etc/canonical
smtpd_sender_login_maps = hash:/logins
relayhost = [smart.test]:587
smtp_sasl_password_maps = hash:/sasl
header_checks = regexp:/h
recipient_canonical_maps = pcre:/h
`,
    {
      'master.cf': 'maildrop unix - n n - - pipe argv=/bin/x\nslow unix - - y - - smtp\n',
      '/t': 'b.test virtual:\npartner.test relay:[mail.partner.test]\nslow.test slow:\nlists.test maildrop:\nlocal.test lmtp:unix:private/x\nno.test error:nobody\n',
      '/relayed': 'more.test x\n',
      '/etc/canonical': 'ann ann.lang@b.test\n',
      '/logins': 'ann@b.test ann@b.test\nsales@b.test ann@b.test, bob@b.test\n',
      '/sasl': '[smart.test]:587 us:secret\n[other.test] them:x\n',
      '/h': '/^Subject: x/ REJECT\n/^(unclosed/ REJECT\n/^From: (.*)/ WARN $1\n/^X/ NOSUCH\n',
    },
  )

  it('are tables, with the transports that are here', () => {
    expect(settingsOf(plan)).toMatchObject({
      transportMaps: 'table:t',
      relayDomains: 'partner.test, table:relayed',
      canonicalMaps: 'table:canonical',
      smtpdSenderLoginMaps: 'sales@b.test=ann@b.test bob@b.test',
      relayhost: '[smart.test]:587',
      headerChecks: '/^Subject: x/ REJECT\n/^From: (.*)/ WARN $$1',
    })
    const transport = itemsOf(plan, 'table').find(({ table }) => table === 't')
    expect(transport?.entries.map(({ key, result }) => [key, result])).toEqual([
      ['partner.test', 'smtp:[mail.partner.test]'],
      ['slow.test', 'smtp:'],
      ['no.test', 'error:nobody'],
    ])
  })

  it('tell what has no place', () => {
    expect(notesAbout(plan, /^transport_maps/)).toEqual([
      ['not-needed', 1],
      ['not-supported', 4],
      ['not-supported', 5],
    ])
    expect(notesAbout(plan, /^smtp_sasl_password_maps/)).toEqual([
      ['to-do', 1],
      ['not-supported', 2],
    ])
    expect(notesAbout(plan, /^header_checks/)).toEqual([
      ['not-supported', 2],
      ['not-supported', 4],
    ])
    expect(notesAbout(plan, /^recipient_canonical_maps/)).toEqual([['not-supported', 11]])
    // The password is nobody's but the administrator's.
    expect(JSON.stringify(plan)).not.toContain('secret')
  })
})

describe('what comes over', () => {
  it.each(['isp', 'virtual-domains'])('of %s is what our configuration takes', async (name) => {
    const texts = await textsBelow(fixturePath(name))
    const config = Object.fromEntries(
      Object.entries(texts).map(([path, text]) => [
        path.replace(/^\/etc\/postfix\/(?=ma[a-z]+\.cf$)/, ''),
        text,
      ]),
    )
    const found = readPostfix({ files: filesFrom(config) })
    if (found.kind !== 'plan') throw new Error(found.reason)
    const loaded = loadSettings({
      ...{ environment: {}, overrides: [] },
      stored: settingsOf(found.plan),
    })
    expect(loaded.kind === 'invalid' ? loaded.problems : []).toEqual([])
  })

  it('has the quota of Dovecot', () => {
    const dovecot: MovingPlan = {
      ...{ from: 'dovecot', notes: [] },
      items: [
        { kind: 'setting', path: 'mailboxSizeLimit', text: '1GB', from: { file: 'd', line: 1 } },
      ],
    }
    const merged = withDovecot(read('mailbox_size_limit = 0\n'), dovecot)
    expect(settingsOf(merged)).toMatchObject({ mailboxSizeLimit: '1GB', hostname: 'mx.a.test' })
  })

  it('needs a main.cf', () => {
    expect(readPostfix({ files: filesFrom({}) })).toMatchObject({ kind: 'refused' })
  })
})

describe('files that say little and mean very much', () => {
  const names = Array.from({ length: 300 }, (_, n) => `all${n}: :include:/list\n`).join('')
  const list = Array.from({ length: 100 }, (_, n) => `u${n}@b.test\n`).join('')
  const texts = { '/etc/aliases': names, '/list': list }
  const targetsWithin = (workMax: number) => {
    const plan = read('alias_maps = hash:/etc/aliases\n', texts, workMax)
    const told = plan.notes.some(({ about }) => about === 'files')
    return { told, targets: itemsOf(plan, 'alias').flatMap(({ targets }) => targets).length }
  }

  it('are read up to a limit, which is told', () => {
    expect(targetsWithin(100_000)).toEqual({ told: false, targets: 30_000 })
    const few = targetsWithin(10_000)
    expect(few.told).toBe(true)
    expect(few.targets).toBeLessThan(10_000)
    expect(few.targets).toBeGreaterThan(1_000)
  })

  it('name a table as often as they like, which is read once', () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => `u${n}@b.test x@c.test\n`).join('')
    const words = Array.from({ length: 5_000 }, () => 'hash:/v').join(' ')
    const main = `virtual_alias_domains = b.test\nvirtual_alias_maps = ${words}\n`
    const plan = read(main, { '/v': rows }, 50_000)
    expect(plan.notes.filter(({ about }) => about === 'files')).toEqual([])
    expect(itemsOf(plan, 'alias')).toHaveLength(2_000)
  })

  it('are so many, and no more', () => {
    const files = withinLimits({ list: () => undefined, read: () => ({ kind: 'text', text: '' }) })
    for (let n = 0; n < FILES_MAX; n++) expect(files.read(`/${n}`).kind).toBe('text')
    expect(files.read('/more').kind).toBe('refused')
    expect(files.read('/0').kind).toBe('text')
    const large = { kind: 'text', text: 'x'.repeat(FILE_BYTES_MAX / 4) } as const
    const some = withinLimits({ list: () => undefined, read: () => large })
    const count = (4 * ALL_FILES_BYTES_MAX) / FILE_BYTES_MAX
    for (let n = 0; n < count; n++) expect(some.read(`/${n}`).kind).toBe('text')
    expect(some.read('/more').kind).toBe('refused')
  })

  it('let domains stand for each other, and in no circle', () => {
    const plan = read(
      'virtual_alias_maps = hash:/v\nvirtual_alias_domains = b.test c.test d.test e.test\n',
      {
        '/v': '@b.test @c.test\n@c.test @b.test\n@d.test @e.test\nx@e.test y@f.test\n@e.test @e.test\nu@c.test v@f.test\n',
      },
    )
    expect(aliasesOf(plan)).toEqual({
      'u@b.test': 'u@c.test',
      'x@d.test': 'x@e.test',
      'x@e.test': 'y@f.test',
      'u@c.test': 'v@f.test',
    })
    expect(plan.notes.filter(({ reason }) => /circle/.test(reason)).length).toBeGreaterThan(1)
  })
})
