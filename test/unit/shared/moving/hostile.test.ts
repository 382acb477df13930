// Whatever the files of another system hold: readers end, and with a plan whose settings our configuration takes.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCourier } from '#shared/moving/configurations/courier/courier.ts'
import { readDovecot } from '#shared/moving/configurations/dovecot/dovecot.ts'
import { readExim } from '#shared/moving/configurations/exim/exim.ts'
import { fitSetting } from '#shared/moving/configurations/fitting-setting.ts'
import { itemsOf, type MovingPlan } from '#shared/moving/configurations/plan.ts'
import { readPostfix } from '#shared/moving/configurations/postfix/postfix.ts'
import { readQmail } from '#shared/moving/configurations/qmail/qmail.ts'
import { readSendmail } from '#shared/moving/configurations/sendmail/sendmail.ts'
import { filesFrom } from '#test/support/moving-fixtures.ts'

const words = fc.constantFrom(
  ...[
    'a',
    'b.test',
    '@b.test',
    'ann@b.test',
    '"a b"@b.test',
    '{',
    '}',
    '$',
    '${',
    '$a',
    '\\',
    '"',
    '(',
    ')',
  ],
  ...[
    ' ',
    '\t',
    '\n',
    '\n ',
    '=',
    ':',
    ',',
    '|',
    '/',
    '/f',
    '!',
    '#',
    '%',
    '+',
    '*',
    '.',
    '\0',
    '\u00e9',
    '\u{1f600}',
  ],
  ...[
    'hash:/f',
    'inline:{',
    'regexp:/f',
    'static:x',
    ':include:/f',
    'unionmap:{',
    '-o',
    'inet',
    'smtpd',
    '0',
  ],
  ...[
    'virtual_alias_maps = ',
    'virtual_mailbox_maps = ',
    'mydestination = ',
    'alias_maps = ',
    'transport_maps = ',
  ],
  ...[
    'smtpd_recipient_restrictions = ',
    'check_client_access ',
    'warn_if_reject ',
    'header_checks = ',
    'mynetworks = ',
  ],
  ...[
    'passdb',
    'driver = passwd-file',
    'args = /f',
    '!include /f',
    'plugin {',
    'quota_rule = ',
    '{CRYPT}',
    '10.0.0.0/8',
  ],
)
const text = fc.array(words, { maxLength: 60 }).map((all) => all.join(''))

const paths = [
  ...[
    'main.cf',
    'master.cf',
    '/f',
    '/etc/aliases',
    'aliases',
    'dovecot.conf',
    'control/me',
    'control/locals',
  ],
  ...[
    'control/virtualdomains',
    'control/smtproutes',
    'users/assign',
    'alias/.qmail-a',
    'alias/.qmail-default',
  ],
  ...[
    'local-host-names',
    'virtusertable',
    'mailertable',
    'access',
    'hosteddomains',
    'esmtproutes',
    'userdb',
  ],
] as const
const files = fc
  .tuple(...paths.map(() => text))
  .map((texts) => filesFrom(Object.fromEntries(paths.map((path, n) => [path, texts[n] ?? '']))))

const readers: readonly (readonly [
  string,
  (of: ReturnType<typeof filesFrom>) => MovingPlan | undefined,
])[] = [
  ['postfix', (of) => planIn(readPostfix({ files: of }))],
  ['dovecot', (of) => planIn(readDovecot({ files: of, path: 'dovecot.conf' }))],
  ['qmail', (of) => planIn(readQmail({ files: of }))],
  ['exim', (of) => planIn(readExim({ files: of, path: 'aliases', defaultDomain: 'a.test' }))],
  ['sendmail', (of) => readSendmail({ files: of })],
  ['courier', (of) => readCourier({ files: of })],
]

const planIn = (read: { readonly kind: string; readonly plan?: MovingPlan }) => read.plan

describe('files by chance', () => {
  it.each(readers)('of %s are read to their end', (_, read) => {
    let count = 0
    fc.assert(
      fc.property(files, (of) => {
        const plan = read(of)
        if (plan === undefined) return
        count++
        for (const { path, text: written } of itemsOf(plan, 'setting')) {
          expect([path, fitSetting(path, written.replaceAll('$$', '$')).kind]).toEqual([
            path,
            'fits',
          ])
        }
        for (const { targets } of itemsOf(plan, 'alias')) expect(targets.length).toBeGreaterThan(0)
        const names = itemsOf(plan, 'alias').map(({ alias }) => alias)
        expect(new Set(names).size).toBe(names.length)
        // No alias is in the way of an account.
        const accounts = new Set(itemsOf(plan, 'account').map(({ address }) => address))
        expect(names.filter((name) => accounts.has(name))).toEqual([])
      }),
      { numRuns: 150 },
    )
    expect(count).toBeGreaterThan(20)
  })
})
