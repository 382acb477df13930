// Databases of mail systems, by what the programs of their servers write of them.

import { describe, expect, it } from 'vitest'
import { readDatabase } from '#shared/moving/configurations/database/database.ts'
import { readSqlDump } from '#shared/moving/configurations/database/sql-dump.ts'
import { itemsOf } from '#shared/moving/configurations/plan.ts'
import { filesFrom } from '#test/support/moving-fixtures.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'

const sha512 =
  '$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/'

const mysql = `-- MySQL dump 10.19  Distrib 10.11.6-MariaDB
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`admin\`;
CREATE TABLE \`admin\` (\`username\` varchar(255), \`password\` varchar(255));
INSERT INTO \`admin\` VALUES ('root@a.test','(''; INSERT INTO \`mailbox\` VALUES');
CREATE TABLE \`alias\` (
  \`address\` varchar(255) NOT NULL COMMENT 'it''s, (one',
  \`goto\` text NOT NULL,
  \`active\` tinyint(1) NOT NULL DEFAULT 1,
  PRIMARY KEY (\`address\`),
  KEY \`domain\` (\`address\`,\`active\`)
) ENGINE=InnoDB;
LOCK TABLES \`alias\` WRITE;
INSERT INTO \`alias\` VALUES ('ann@a.test','ann@a.test',1),('info@a.test','ann@a.test,\\r\\nbob@b.test',1),
('old@a.test','ann@a.test',0),('@b.test','bob@b.test',1),('bob@b.test','bob@b.test,bob#b.test@autoreply.b.test,else@there.test',1),('ours@off.test','ann@a.test',1);
UNLOCK TABLES;
CREATE TABLE \`alias_domain\` (\`alias_domain\` varchar(255), \`target_domain\` varchar(255), \`active\` tinyint(1));
INSERT INTO \`alias_domain\` VALUES ('c.test','a.test',1),('d.test','a.test',0);
CREATE TABLE \`domain\` (\`domain\` varchar(255), \`description\` text, \`backupmx\` tinyint(1), \`active\` tinyint(1));
INSERT INTO \`domain\` VALUES ('ALL','',0,1),('a.test','It\\'s \\\\',0,1),('b.test',NULL,0,1),('off.test','',0,0),('relay.test','',1,1);
CREATE TABLE \`mailbox\` (\`username\` varchar(255), \`password\` varchar(255), \`quota\` bigint(20), \`active\` tinyint(1));
INSERT INTO \`mailbox\` (\`username\`, \`password\`, \`quota\`, \`active\`) VALUES ('Ann@a.test','{SHA512-CRYPT}${sha512}',1073741824,1);
INSERT INTO \`mailbox\` VALUES ('bob@b.test','${sha512}',0,0),('eve@off.test','x',0,1);
CREATE TABLE \`vacation\` (\`email\` varchar(255), \`body\` text, \`active\` tinyint(1));
INSERT INTO \`vacation\` VALUES ('bob@b.test','away; (',_binary '\u0001'),('ann@a.test','',b'0');
`

function read(text: string, defaultScheme?: string) {
  const found = readDatabase({
    ...{ files: filesFrom({ 'x.sql': text }), path: 'x.sql' },
    defaultScheme,
  })
  if (found.kind === 'refused') throw new Error(found.reason)
  const { plan } = found
  return {
    domains: itemsOf(plan, 'domain').map(({ domain }) => domain),
    accounts: itemsOf(plan, 'account').map(({ address, hash, quotaBytes, enabled }) => [
      ...[address, hash, quotaBytes, enabled],
    ]),
    aliases: itemsOf(plan, 'alias').map(({ alias, targets }) => `${alias}: ${targets.join(' ')}`),
    forwards: itemsOf(plan, 'forward').map(({ address, targets, keep }) => [
      address,
      targets,
      keep,
    ]),
    notes: plan.notes.map(({ about, kind, from }) => `${kind} ${about} ${from.line}`),
  }
}

describe('the database of PostfixAdmin', () => {
  it('has domains, accounts with their passwords and quotas, aliases and forwards', () => {
    expect(read(mysql)).toEqual({
      domains: ['a.test', 'b.test', 'c.test'],
      accounts: [
        ['ann@a.test', `{SHA512-CRYPT}${sha512}`, 1024 ** 3, true],
        ['bob@b.test', `{CRYPT}${sha512}`, 0, false],
      ],
      aliases: [
        'info@a.test: ann@a.test bob@b.test',
        '@b.test: bob@b.test',
        'ann@c.test: ann@a.test',
        'info@c.test: info@a.test',
      ],
      forwards: [['bob@b.test', ['else@there.test'], true]],
      notes: [
        'to-do off.test 20',
        'to-do relay.test 20',
        'not-needed old@a.test 15',
        'to-do bob@b.test 25',
        'differs @c.test @a.test 18',
      ],
    })
  })

  it('is the same as pg_dump writes it', () => {
    const text = `CREATE TABLE public.mailbox (username character varying(255) NOT NULL, quota bigint DEFAULT 0);
COPY public.alias (address, goto, active) FROM stdin;
ann@a.test\tann@a.test,bob@b.test\tt
gone@a.test\tann@a.test\tf
\\.

COPY public.domain (domain, active) FROM stdin;
a.test\tt
\\.
COPY public.mailbox (username, password, name, quota, active) FROM stdin;
ann@a.test\t{PLAIN}a\\\\b\\tc\t\\N\t5\tt
\\.
SELECT pg_catalog.setval('x', 1, false);
`
    expect(read(text)).toMatchObject({
      accounts: [['ann@a.test', '{PLAIN}a\\b\tc', 5, true]],
      forwards: [['ann@a.test', ['bob@b.test'], true]],
    })
  })
})

describe('other databases', () => {
  it('of the ISPmail guide have a row for each target', () => {
    const text = `CREATE TABLE "virtual_domains" (id int, name text);
INSERT INTO virtual_domains VALUES(1,'a.test');
INSERT INTO virtual_users (id, domain_id, email, password, quota) VALUES(1,1,'ann@a.test','{PLAIN}back\\slash',7);
INSERT INTO virtual_aliases (id, source, destination) VALUES(1,'i@a.test','ann@a.test');
INSERT INTO virtual_aliases (id, source, destination) VALUES(2,'i@a.test','x@b.test');
`
    expect(read(text)).toEqual({
      domains: ['a.test'],
      accounts: [['ann@a.test', '{PLAIN}back\\slash', 7, true]],
      aliases: ['i@a.test: ann@a.test x@b.test'],
      forwards: [],
      notes: [],
    })
  })

  it('of iRedMail have quotas in megabytes', () => {
    const text = `INSERT INTO mailbox (username, password, quota) VALUES ('ann@a.test','{PLAIN}x',2);
INSERT INTO forwardings (address, forwarding, active) VALUES ('ann@a.test','ann@a.test',1);
INSERT INTO domain (domain) VALUES ('a.test');`
    expect(read(text)).toMatchObject({
      accounts: [['ann@a.test', '{PLAIN}x', 2 * 1024 ** 2, true]],
      forwards: [],
    })
  })

  it('have passwords of the scheme that is named', () => {
    const text = "INSERT INTO users (email, password) VALUES ('ann@a.test','secret');"
    expect(read(text)).toMatchObject({ accounts: [['ann@a.test', null, null, true]] })
    expect(read(text, 'PLAIN')).toMatchObject({
      domains: ['a.test'],
      accounts: [['ann@a.test', '{PLAIN}secret', null, true]],
    })
  })

  it('that are none are refused', () => {
    for (const text of [
      '',
      'x',
      'INSERT INTO mailbox VALUES (1);',
      "INSERT INTO users VALUES ('a",
    ]) {
      expect(() => read(text)).toThrow('has no table of accounts')
    }
  })

  it.skipIf(!isInstalled('sqlite3'))('are read as sqlite3 writes them', async () => {
    const { stdout } = await runProgram('sqlite3', [
      ':memory:',
      "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT); CREATE TABLE aliases (source TEXT, destination TEXT, permitted_senders TEXT); INSERT INTO users VALUES (1, 'ann@a.test', '{PLAIN}it''s'); INSERT INTO aliases VALUES ('i@a.test', 'ann@a.test' || char(10) || 'x@b.test', NULL), ('j@a.test', 'ann@a.test', NULL);",
      '.dump',
    ])
    expect(read(stdout)).toMatchObject({
      accounts: [['ann@a.test', "{PLAIN}it's", null, true]],
      aliases: ['j@a.test: ann@a.test'],
    })
  })
})

describe('a hostile dump', () => {
  const wanted = new Set(['mailbox'])
  const rows = (text: string, most = Number.POSITIVE_INFINITY) => {
    let spent = 0
    const spend = (count: number) => {
      spent += count
      return spent <= most
    }
    return readSqlDump({ file: 'x', text, wanted, spend }).get('mailbox')?.length ?? 0
  }

  it('ends, whatever is open in it', () => {
    const open = [
      "'",
      '"',
      '`',
      '(',
      '/*',
      '--',
      "'\\",
      "('",
      'VALUES (',
      'VALUES',
      ',',
      ';',
      '\\.',
    ]
    for (const one of open) {
      for (const before of [
        '',
        'INSERT INTO `mailbox` ',
        'CREATE TABLE mailbox ',
        'COPY mailbox ',
      ]) {
        expect(rows(before + one)).toBeLessThan(2)
        expect(rows(before + one.repeat(100_000))).toBeLessThan(2)
      }
    }
  })

  it('has rows up to a limit', () => {
    const text = `INSERT INTO mailbox (a) VALUES ${"('x'),".repeat(100)}('x');`
    expect(rows(text)).toBe(101)
    expect(rows(text, 7)).toBe(7)
    expect(rows(`COPY mailbox (a) FROM stdin;\n${'x\n'.repeat(100)}\\.\n`, 7)).toBe(7)
  })
})
