import { describe, expect, it } from 'vitest'
import { readOpenDkim } from '#shared/moving/configurations/opendkim/opendkim.ts'
import { itemsOf } from '#shared/moving/configurations/plan.ts'
import { filesFrom } from '#test/support/moving-fixtures.ts'

function read(conf: string, texts: { readonly [path: string]: string } = {}) {
  const found = readOpenDkim({
    ...{ files: filesFrom({ 'opendkim.conf': conf, ...texts }), path: 'opendkim.conf' },
  })
  if (found.kind === 'refused') throw new Error(found.reason)
  return {
    keys: itemsOf(found.plan, 'signing-key').map(
      ({ domain, selector, pem, from }) => `${selector} ${domain} ${pem} ${from.line}`,
    ),
    notes: found.plan.notes.map(({ kind, about, reason }) => `${kind} ${about}: ${reason}`),
  }
}

describe('keys of OpenDKIM', () => {
  it('are those of its KeyTable, also for whoever sends', () => {
    const base64 = 'QUJD'.repeat(100)
    const tables = {
      '/etc/opendkim/KeyTable': `# name domain:selector:file\none a.test:2024:/keys/a\n\nall %:Mail:/keys/all\nhere inline.test:x:${base64}\n`,
      '/etc/opendkim/SigningTable':
        '*@a.test one\n*@sub.a.test one\n*@b.test one\n*@c.test all\nd.test all\n*@C.test all\n',
      '/keys/a': 'A',
      '/keys/all': 'B',
    }
    const conf =
      'Domain old.test\nSelector old\nKeyFile /keys/a\nKeyTable\tfile:/etc/opendkim/KeyTable\nSigningTable refile:/etc/opendkim/SigningTable\nSyslog yes\n'
    expect(read(conf, tables)).toEqual({
      keys: [
        '2024 a.test A 2',
        'mail c.test B 4',
        'mail d.test B 4',
        `x inline.test -----BEGIN RSA PRIVATE KEY-----\n${base64}\n-----END RSA PRIVATE KEY-----\n 5`,
      ],
      notes: [
        'not-supported *@b.test: was signed by a.test; here a domain is signed by its own keys, or those above it',
      ],
    })
  })

  it('are the one that is named without tables', () => {
    const conf = 'domain a.test, b.test\nselector 2020\nkeyfile /keys/a # no comment\n'
    expect(read(conf, { '/keys/a # no comment': 'A' }).keys).toEqual([
      '2020 a.test A 3',
      '2020 b.test A 3',
    ])
  })

  it('that cannot be read are told', () => {
    expect(read('KeyTable dsn:mysql://x\n').notes).toEqual([
      'to-do KeyTable: dsn:mysql://x: is no file',
    ])
    expect(read('KeyTable /none\n').notes).toEqual(['to-do KeyTable: /none: is not there'])
    expect(read('Syslog yes\n').notes[0]).toMatch(/^to-do KeyTable: neither/)
    const tables = { t: 'a a.test:s:/gone\nb ..:s:/k\nc\n', '/k': 'K' }
    expect(read('KeyTable t\n', tables)).toEqual({
      keys: [],
      notes: [
        'to-do s._domainkey.a.test: /gone: is not there',
        'faulty s._domainkey...: no domain that could be here',
        'faulty ._domainkey.: no domain that could be here',
      ],
    })
  })
})
