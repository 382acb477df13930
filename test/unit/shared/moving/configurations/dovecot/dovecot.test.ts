// Dovecot's configuration and users, beside what its own programs say of them.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyPassword } from '#shared/auth/passwords.ts'
import { type Block, parseDovecotConf } from '#shared/moving/configurations/dovecot/blocks.ts'
import { readDovecot, readPasswords } from '#shared/moving/configurations/dovecot/dovecot.ts'
import { quotaOf } from '#shared/moving/configurations/dovecot/quota.ts'
import { itemsOf } from '#shared/moving/configurations/plan.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { filesFrom } from '#test/support/moving-fixtures.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** As it stands there: `passdb/driver = passwd-file`. */
const flat = ({ values, blocks }: Block, path = ''): readonly string[] => [
  ...values.map(({ name, value }) => `${path}${name} = ${value}`),
  ...blocks.flatMap((block) => flat(block, `${path}${`${block.type} ${block.name}`.trim()}/`)),
]

const conf = `# 2.3.19.1 (9b53102964): dovecot.conf
protocols = "imap" # not pop3
mail_location = maildir:~/Maildir:INDEX=\\
/var/index/%u
login_greeting = "it's # \\"here\\""
passdb {
  driver = passwd-file
  args = scheme=CRYPT   /etc/users # where they are
}
service imap-login {
  inet_listener imap {
    port = 0
  }
}
plugin {
  quota_rule = *:storage=2G
}
protocol imap {
  mail_max_userip_connections = 7
}
!include more/*.conf
`

describe('dovecot.conf', () => {
  it('has values, and sections with values and sections', () => {
    const { whole, version, includes, faults } = parseDovecotConf(conf)
    expect(version).toBe('2.3.19.1')
    expect(faults).toEqual([])
    expect(includes).toEqual([{ path: 'more/*.conf', line: 21 }])
    expect(flat(whole)).toEqual([
      'protocols = imap',
      'mail_location = maildir:~/Maildir:INDEX= /var/index/%u',
      'login_greeting = it\'s # "here"',
      'passdb/driver = passwd-file',
      'passdb/args = scheme=CRYPT   /etc/users',
      'service imap-login/inet_listener imap/port = 0',
      'plugin/quota_rule = *:storage=2G',
      'protocol imap/mail_max_userip_connections = 7',
    ])
  })

  it('tells what is wrong with it', () => {
    const { faults } = parseDovecotConf('}\nword\na {\n')
    expect(faults.map(({ line }) => line)).toEqual([1, 2, 3])
  })

  it('ends with sections in sections', () => {
    const deep = (depth: number) => `${'a {\n'.repeat(depth)}x = 1\n${'}\n'.repeat(depth)}`
    expect(parseDovecotConf(deep(30)).faults).toEqual([])
    expect(parseDovecotConf(deep(31)).faults).toHaveLength(1)
    expect(parseDovecotConf(deep(100_000)).whole.blocks).toHaveLength(1)
  })

  it.skipIf(!isInstalled('doveconf'))('says what `doveconf -n` says of it', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'more'))
    const file = join(folder.path, 'dovecot.conf')
    await writeFile(file, conf)
    await writeFile(join(folder.path, 'more', '1.conf'), 'auth_mechanisms = plain login\n')
    await writeFile(join(folder.path, 'more', 'no'), 'auth_mechanisms = digest-md5\n')
    const { stdout } = await runProgram('doveconf', ['-n', '-c', file])
    const theirs = flat(parseDovecotConf(stdout).whole)
    const own = flat(parseDovecotConf(conf).whole).map((line) => line.replaceAll(/\s+/g, ' '))
    const printed = theirs.map((line) => line.replaceAll(/\s+/g, ' '))
    for (const line of own) expect(printed).toContain(line)
    expect(printed).toContain('auth_mechanisms = plain login')
  })
})

const read = (texts: { readonly [path: string]: string }, defaultDomain?: string) => {
  const found = readDovecot({ files: filesFrom(texts), path: 'dovecot.conf', defaultDomain })
  if (found.kind !== 'plan') throw new Error(found.reason)
  return found.plan
}
const settingsOf = (plan: ReturnType<typeof read>) =>
  Object.fromEntries(itemsOf(plan, 'setting').map(({ path, text }) => [path, text]))
const notesOf = (plan: ReturnType<typeof read>) =>
  plan.notes.map(({ kind, about }) => `${kind} ${about}`)

describe('a plan from Dovecot', () => {
  it('has its users, by the passwd-file that it names, and its quota', () => {
    const plan = read(
      { 'dovecot.conf': conf, '/etc/users': 'ann:{PLAIN}a:::::\nbob@b.test:{PLAIN}b::::::\n' },
      'a.test',
    )
    expect(itemsOf(plan, 'account').map(({ address }) => address)).toEqual([
      'ann@a.test',
      'bob@b.test',
    ])
    expect(settingsOf(plan)).toMatchObject({
      mailboxSizeLimit: '2GB',
      imapAccountConnectionCountLimit: '7',
      'listeners.imap.enabled': 'no',
      'listeners.imaps.enabled': 'yes',
      'listeners.imaps.port': '993',
      'listeners.pop3.enabled': 'no',
      'listeners.managesieve.enabled': 'no',
    })
  })

  it('understands the words of 2.4', () => {
    const plan = read({
      'dovecot.conf': `dovecot_config_version = 2.4.0
protocols = imap pop3 sieve
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
ssl_server_cert_file = /etc/cert.pem
passdb passwd-file {
  passwd_file_path = /etc/users
  default_password_scheme = ssha
}
quota_storage_size = 500M
mail_plugins {
  quota = yes
}
`,
      '/etc/users': 'ann@a.test:mIypKh8kMWYcSYvboNzcTB+PNvu20mc3::::::\n',
    })
    expect(itemsOf(plan, 'account')).toMatchObject([
      { address: 'ann@a.test', hash: '{SSHA}mIypKh8kMWYcSYvboNzcTB+PNvu20mc3' },
    ])
    expect(settingsOf(plan)).toMatchObject({
      disablePlaintextAuth: 'no',
      mailboxSizeLimit: '500MB',
      'listeners.managesieve.enabled': 'yes',
    })
    expect(notesOf(plan)).toContain('to-do ssl_server_cert_file = /etc/cert.pem')
  })

  it('tells of users that are elsewhere', () => {
    const plan = read({
      'dovecot.conf': 'passdb {\n  driver = pam\n}\npassdb {\n driver = sql\n}\n',
    })
    expect(notesOf(plan)).toContain('to-do passdb pam')
    expect(notesOf(plan)).toContain('to-do passdb sql')
  })

  it('ends with files that include each other', () => {
    const plan = read({ 'dovecot.conf': '!include a.conf\n', 'a.conf': '!include dovecot.conf\n' })
    expect(plan.notes.some(({ reason }) => /read already/.test(reason))).toBe(true)
  })
})

const passwords = (text: string, defaultDomain?: string) =>
  readPasswords({ files: filesFrom({ users: text }), path: 'users', defaultDomain })

describe('a passwd-file', () => {
  it('has addresses, hashes and quotas', () => {
    const { plan, accounts } = passwords(
      [
        '# users',
        'Ann@A.test:{CRYPT}9J4sZ/8wapFiA:5000:5000::/home/ann::userdb_quota_rule=*:storage=10M',
        'bob@a.test:9J4sZ/8wapFiA',
        'cat@a.test:$1$38rm0FIw$oLRLQgUG9YkGhIZeXOoFG0[34]:::::: userdb_quota_rule=*:storage=1048576 x=y',
        'dot@b.test:',
        'bob@a.test:{PLAIN}second',
        'eve@b.test:{PLAIN}a:::::: allow_nets=10.0.0.0/8',
        'fay@b.test:{PLAIN}a:::::: nologin',
      ].join('\r\n'),
    )
    expect(accounts.map(({ address, hash, quotaBytes }) => [address, hash, quotaBytes])).toEqual([
      ['ann@a.test', '{CRYPT}9J4sZ/8wapFiA', 10 * 1024 ** 2],
      ['bob@a.test', '{CRYPT}9J4sZ/8wapFiA', null],
      ['cat@a.test', '{CRYPT}$1$38rm0FIw$oLRLQgUG9YkGhIZeXOoFG0', 1024 ** 3],
      ['dot@b.test', null, null],
      ['eve@b.test', '{PLAIN}a', null],
      ['fay@b.test', null, null],
    ])
    expect(itemsOf(plan, 'domain').map(({ domain }) => domain)).toEqual(['a.test', 'b.test'])
    expect(plan.notes.map(({ kind, about, from }) => [kind, about, from.line])).toEqual([
      ['not-supported', 'x', 4],
      ['faulty', 'bob@a.test', 6],
      ['to-do', 'eve@b.test', 7],
      ['differs', 'fay@b.test', 8],
      ['to-do', 'dot@b.test', 5],
      ['to-do', 'fay@b.test', 8],
    ])
  })

  it('has users without a domain where one is given', () => {
    expect(passwords('ann:{PLAIN}a\n').accounts).toEqual([])
    expect(passwords('ann:{PLAIN}a\n').plan.notes).toMatchObject([{ kind: 'to-do', about: 'ann' }])
    expect(passwords('ann:{PLAIN}a\n', 'a.test').accounts).toMatchObject([
      { address: 'ann@a.test' },
    ])
  })

  it('has no password whose hash costs too much', () => {
    const costly =
      '{ARGON2ID}$argon2id$v=19$m=1048576,t=5,p=1$MYe1M/fqHxfcYq4Q8N8NTQ$Qfj7lR9BKx06eaILPQLtBsnqjUZcLoBNRFOMsQ0gbT4'
    const { accounts, plan } = passwords(`ann@a.test:${costly}\n`)
    expect(accounts).toMatchObject([{ address: 'ann@a.test', hash: null }])
    expect(plan.notes).toMatchObject([{ kind: 'not-supported' }, { kind: 'to-do' }])
  })

  it.skipIf(!isInstalled('doveadm'))(
    'has passwords that open what they opened, of every scheme, or says that they do not',
    async () => {
      const { stdout } = await runProgram('doveadm', ['pw', '-l'])
      // Made with a gigabyte of memory, which takes long.
      const schemes = stdout.split(/\s+/).filter((name) => name !== '' && name !== 'ARGON2ID')
      expect(schemes.length).toBeGreaterThan(15)
      const ends = await concurrently(schemes, 6, async (scheme) => {
        const words = ['pw', '-s', scheme, '-p', 'a word: #1', '-u', 'ann@a.test', '-r', '5']
        const hash = (await runProgram('doveadm', words)).stdout.trim()
        // A colon cannot stand there, and a scheme that is told without a hash needs more of its own.
        if (hash === '' || hash.includes(':')) return [scheme, 'none']
        const [account] = passwords(`ann@a.test:${hash}\n`).accounts
        if (account?.hash == null) return [scheme, 'refused']
        const stored = account.hash
        const [right, wrong] = await Promise.all(
          ['a word: #1', 'another'].map((word) => verifyPassword(stored, Buffer.from(word))),
        )
        return [scheme, `${right?.kind} ${wrong?.kind}`]
      })
      const by = (end: string) => ends.flatMap(([scheme = '', is]) => (is === end ? [scheme] : []))
      expect(by('match mismatch').length).toBeGreaterThan(15)
      expect(by('none').sort()).toEqual(['CLEAR', 'CLEARTEXT', 'PLAIN', 'PLAIN-TRUNC'])
      expect(by('refused').sort()).toEqual([
        'CRAM-MD5',
        'DIGEST-MD5',
        'HMAC-MD5',
        'OTP',
        'PLAIN-MD4',
        'SCRAM-SHA-1',
        'SCRAM-SHA-256',
      ])
      expect(ends).toHaveLength(
        by('match mismatch').length + by('none').length + by('refused').length,
      )
    },
    60_000,
  )
})

describe('a quota', () => {
  it.each([
    ['*:storage=10M', { kind: 'bytes', bytes: 10 * 1024 ** 2 }],
    ['*:storage=1048576', { kind: 'bytes', bytes: 1024 ** 3 }],
    ['*:bytes=1000', { kind: 'bytes', bytes: 1000 }],
    ['*:messages=50', { kind: 'messages', count: 50 }],
    ['Trash:storage=+50M', { kind: 'other' }],
    ['*:storage=10%', { kind: 'other' }],
    ['*:ignore', { kind: 'other' }],
    ['', { kind: 'other' }],
  ])('%s', (rule, expected) => {
    expect(quotaOf(rule)).toMatchObject(expected)
  })
})

describe('files that are named again and again', () => {
  it('are read once', () => {
    const many = '!include b.conf\n'.repeat(50_000)
    const plan = read({ 'dovecot.conf': many, 'b.conf': 'protocols = imap\n'.repeat(5_000) })
    expect(settingsOf(plan)).toMatchObject({ 'listeners.pop3.enabled': 'no' })
  })
})
