// qmail, sendmail, Exim and Courier: what of their files becomes what here.

import { describe, expect, it } from 'vitest'
import { readCourier } from '#shared/moving/configurations/courier/courier.ts'
import { readExim } from '#shared/moving/configurations/exim/exim.ts'
import { itemsOf, type MovingPlan } from '#shared/moving/configurations/plan.ts'
import { parseDotQmail } from '#shared/moving/configurations/qmail/dot-qmail.ts'
import { readQmail } from '#shared/moving/configurations/qmail/qmail.ts'
import { readSendmail } from '#shared/moving/configurations/sendmail/sendmail.ts'
import { filesFrom } from '#test/support/moving-fixtures.ts'

const aliasesOf = (plan: MovingPlan) =>
  Object.fromEntries(itemsOf(plan, 'alias').map(({ alias, targets }) => [alias, targets.join(' ')]))
const domainsOf = (plan: MovingPlan) => itemsOf(plan, 'domain').map(({ domain }) => domain)
const settingsOf = (plan: MovingPlan) =>
  Object.fromEntries(itemsOf(plan, 'setting').map(({ path, text }) => [path, text]))
const tablesOf = (plan: MovingPlan) =>
  Object.fromEntries(
    itemsOf(plan, 'table').map(({ table, entries }) => [
      table,
      Object.fromEntries(entries.map(({ key, result }) => [key, result])),
    ]),
  )
const notesOf = (plan: MovingPlan) =>
  plan.notes.map(({ kind, about, from }) => `${kind} ${from.file}:${from.line} ${about}`)

describe('sendmail', () => {
  const plan = readSendmail({
    files: filesFrom({
      'local-host-names': '# us\nexample.net\nmail\n',
      virtusertable: [
        'info@example.com\tann',
        'sales@example.com\tann, bob@other.example',
        'nobody@example.com\terror:nouser 550 No such user',
        '@old.example\t%1@example.com',
        '@example.com\tbob',
        'x@y.example\t%1-%2@z.example',
      ].join('\n'),
      aliases: 'postmaster: root\nroot: ann\nlist: |/bin/x\nann: \\ann, ann@away.example\n',
      mailertable: 'partner.example\tesmtp:[relay.example.net]\n.far.example uucp-new:far\n',
      genericstable: 'ann@mail.local\tann@example.net\n',
      access: [
        'Connect:192.0.2\tREJECT',
        'Connect:10\tRELAY',
        'From:spam@bad.example\tERROR:"550 no"',
        'To:gone@example.net\t550 gone',
        'bad.example\tDISCARD',
      ].join('\n'),
    }),
  })

  it('has its own domains and those of virtusertable', () => {
    expect(domainsOf(plan)).toEqual(['example.net', 'old.example', 'example.com'])
  })

  it('has aliases of both', () => {
    expect(aliasesOf(plan)).toEqual({
      'info@example.com': 'ann@example.net',
      'sales@example.com': 'ann@example.net bob@other.example',
      '@example.com': 'bob@example.net',
      'info@old.example': 'info@example.com',
      'sales@old.example': 'sales@example.com',
      '@old.example': 'bob@example.net',
      'postmaster@example.net': 'root@example.net',
      'root@example.net': 'ann@example.net',
      'ann@example.net': 'ann@away.example',
    })
  })

  it('has tables', () => {
    expect(tablesOf(plan)).toEqual({
      mailertable: { 'partner.example': 'smtp:[relay.example.net]' },
      genericstable: { 'ann@mail.local': 'ann@example.net' },
      sendmail_clients: { '192.0.2': 'REJECT' },
      sendmail_senders: { 'spam@bad.example': '550 no', 'bad.example': 'DISCARD' },
      sendmail_recipients: { 'gone@example.net': '550 gone' },
    })
  })

  it('tells what is not there', () => {
    expect(notesOf(plan)).toEqual(
      expect.arrayContaining([
        'not-needed virtusertable:3 virtusertable: nobody@example.com error:nouser 550 No such user',
        'not-supported virtusertable:6 virtusertable: x@y.example %1-%2@z.example',
        'not-supported mailertable:2 mailertable: .far.example uucp-new:far',
        'not-supported aliases:3 list',
        'to-do access:2 access: connect:10 RELAY',
      ]),
    )
  })
})

describe('an alias file of Exim', () => {
  const read = (text: string, defaultDomain?: string) => {
    const found = readExim({
      files: filesFrom({ aliases: text, '/etc/list': 'ann\nbob@b.test\n' }),
      path: 'aliases',
      defaultDomain,
    })
    if (found.kind !== 'plan') throw new Error(found.reason)
    return found.plan
  }

  it('has aliases, with and without a colon', () => {
    const plan = read(
      'root: ann\ninfo   ann, bob@b.test\nlist: :include:/etc/list\n*: ann\n',
      'a.test',
    )
    expect(aliasesOf(plan)).toEqual({
      'root@a.test': 'ann@a.test',
      'info@a.test': 'ann@a.test bob@b.test',
      'list@a.test': 'ann@a.test bob@b.test',
      '@a.test': 'ann@a.test',
    })
  })

  it('refuses and drops by a table', () => {
    const plan = read('gone: :fail: left us\nnobody: ann, :blackhole:\nlater: :defer:\n', 'a.test')
    expect(tablesOf(plan)).toEqual({
      exim_aliases: {
        'gone@a.test': '550 5.1.1 left us',
        'nobody@a.test': 'DISCARD',
        'later@a.test': '450 4.2.1 Try again later',
      },
    })
    expect(aliasesOf(plan)).toEqual({})
  })

  it('is no filter, and names need a domain', () => {
    const files = filesFrom({ f: '# Exim filter\nif true then seen finish endif\n' })
    expect(readExim({ files, path: 'f' })).toMatchObject({ kind: 'refused' })
    expect(notesOf(read('root: ann@a.test\n'))).toEqual(['to-do aliases:1 root'])
  })
})

describe('qmail', () => {
  const files = filesFrom({
    'control/me': 'mx.example.net\n',
    'control/locals': 'localhost\nexample.net\nmx.example.net\n',
    'control/rcpthosts': 'example.net\nvirtual.example\nbackup.example\n.sub.example\n',
    'control/virtualdomains':
      'virtual.example:virtual.example\nlists.example:alias-lists\nexcept.example:\n',
    'control/smtproutes': 'backup.example:10.0.0.5:26\n:smart.example.net:587 user word\n',
    'control/databytes': '20000000\n',
    'users/assign':
      '+virtual.example-:virtual.example:89:89:/home/vpopmail/domains/virtual.example:-::\n.\n',
    '/home/vpopmail/domains/virtual.example/vpasswd':
      'ann:$1$38rm0FIw$oLRLQgUG9YkGhIZeXOoFG0:1:0:Ann:/home/x:10485760S:\nbob:x:1:0:Bob:/home/y:NOQUOTA:\n',
    '/home/vpopmail/domains/virtual.example/.qmail-default':
      "| /home/vpopmail/bin/vdelivermail '' bounce-no-mailbox\n",
    '/home/vpopmail/domains/virtual.example/.qmail-first:last': '&ann@virtual.example\n',
    '/home/vpopmail/domains/virtual.example/.qmail-ann': '&ann@away.example\n./Maildir/\n',
    'alias/.qmail-postmaster': '&ann@virtual.example\n',
    'alias/.qmail-root': '# nobody\npostmaster\n|exit 99\n',
    'alias/.qmail-lists-news': '&news@elsewhere.example\n',
    'alias/.qmail-default': 'catch@elsewhere.example\n',
  })
  const read = readQmail({ files })
  const plan = read.kind === 'plan' ? read.plan : undefined

  it('has domains, users and aliases', () => {
    if (plan === undefined) throw new Error('not read')
    expect(domainsOf(plan)).toEqual(['example.net', 'virtual.example', 'lists.example'])
    expect(
      itemsOf(plan, 'account').map(({ address, hash, quotaBytes }) => [address, hash, quotaBytes]),
    ).toEqual([
      ['ann@virtual.example', '{CRYPT}$1$38rm0FIw$oLRLQgUG9YkGhIZeXOoFG0', 10_485_760],
      ['bob@virtual.example', null, 0],
    ])
    expect(aliasesOf(plan)).toEqual({
      'postmaster@example.net': 'ann@virtual.example',
      'root@example.net': 'postmaster@example.net',
      '@example.net': 'catch@elsewhere.example',
      'first.last@virtual.example': 'ann@virtual.example',
      'lists-news@example.net': 'news@elsewhere.example',
      'news@lists.example': 'news@elsewhere.example',
    })
    expect(itemsOf(plan, 'forward')).toMatchObject([
      { address: 'ann@virtual.example', targets: ['ann@away.example'], keep: true },
    ])
  })

  it('has settings and routes', () => {
    if (plan === undefined) throw new Error('not read')
    expect(settingsOf(plan)).toMatchObject({
      hostname: 'mx.example.net',
      defaultDomain: 'example.net',
      relayDomains: 'backup.example, .sub.example',
      relayhost: '[smart.example.net]:587',
      messageSizeLimit: '20000000',
    })
    expect(tablesOf(plan)).toEqual({ smtproutes: { 'backup.example': 'smtp:[10.0.0.5]:26' } })
  })

  it.each([
    ['', { forwards: [], keeps: true }],
    ['#\n', { forwards: [], keeps: true }],
    ['./Maildir/\n', { forwards: [], keeps: true }],
    ['&a@b.test\nc@d.test\n', { keeps: false }],
    ['|prog\n/var/mail/x\n', { forwards: [], keeps: false }],
  ])('a .qmail file of %j', (text, expected) => {
    expect(parseDotQmail(text)).toMatchObject(expected)
  })
})

describe('Courier', () => {
  const plan = readCourier({
    files: filesFrom({
      defaultdomain: 'example.net\n',
      locals: 'example.net\n',
      'hosteddomains/all': 'hosted.example\nalso.example\thosted.example\n',
      'aliases/system':
        'postmaster: root\nroot: ann\n@catch.example: ann\ninfo@hosted.example: ann,bob@b.test\n',
      esmtproutes: '# way out\npartner.example: relay.example.net,26\n: [smart.example.net],587\n',
      userdb:
        'ann@hosted.example\tuid=1|systempw=$1$38rm0FIw$oLRLQgUG9YkGhIZeXOoFG0|quota=1000000S\nbob\thome=/x\n',
    }),
  })

  it('has domains, users, aliases and routes', () => {
    expect(domainsOf(plan)).toEqual(['example.net', 'hosted.example', 'also.example'])
    expect(itemsOf(plan, 'account')).toMatchObject([
      {
        address: 'ann@hosted.example',
        hash: '{CRYPT}$1$38rm0FIw$oLRLQgUG9YkGhIZeXOoFG0',
        quotaBytes: 1_000_000,
      },
      { address: 'bob@example.net', hash: null },
    ])
    expect(aliasesOf(plan)).toEqual({
      'ann@also.example': 'ann@hosted.example',
      'info@also.example': 'info@hosted.example',
      'postmaster@example.net': 'root@example.net',
      'root@example.net': 'ann@example.net',
      'info@hosted.example': 'ann@example.net bob@b.test',
    })
    expect(settingsOf(plan)).toMatchObject({
      defaultDomain: 'example.net',
      relayhost: '[smart.example.net]:587',
    })
    expect(tablesOf(plan)).toEqual({
      esmtproutes: { 'partner.example': 'smtp:[relay.example.net]:26' },
    })
  })
})
