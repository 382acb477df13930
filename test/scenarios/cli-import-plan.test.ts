// `postwolke import plan`: of every kind of source what would come, how much that is and what stands in the way, told by what is there; and nothing is
// written.

import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saveAnswers } from '#test/support/aws/saved-workmail.ts'
import { organization } from '#test/support/aws/workmail-organization.ts'
import { commandLine } from '#test/support/command-line.ts'
import { hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { writeArchive } from '#test/support/export-archive.ts'
import { writeMaildir } from '#test/support/maildir.ts'
import { fixturePath } from '#test/support/moving-fixtures.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let data: string
const at = (...names: readonly string[]) => join(folder, ...names)

const letter = (n: number, more = '') =>
  `From: a@b.test\nDate: Sun, 5 May 2024 10:00:00 +0000\nMessage-ID: <${n}@b>\nSubject: ${n}\n\n${more}\n`

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  data = at('data')
  await commandLine(['domain', 'add', 'a.test', '--data', data])
  const users =
    'ann@a.test:{PLAIN}secretword\nbob@a.test:{PLAIN}secretword::::::userdb_quota_rule=*:bytes=100\n'
  const file = at('users')
  await writeFile(file, `${users}cy@a.test:{PLAIN}secretword\n`)
  await commandLine(['import', 'passwd-file', file, '--data', data])
})
afterAll(() => resources.disposeAsync())

const plan = (...words: readonly string[]) =>
  commandLine(['import', 'plan', ...words, '--data', data])
const planned = async (...words: readonly string[]) => {
  const ended = await plan(...words, '--json')
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return JSON.parse(ended.stdout)
}

describe('import plan of mail', () => {
  it('of Maildirs says what is missing, over quota, empty and not to be read', async () => {
    const root = (name: string) => at('vhosts', 'a.test', name)
    await writeMaildir(root('ann'), '', [{ name: 'cur/1.x:2,S', text: letter(1) }], {
      'dovecot-uidlist': '3 V7 N5\n4 :1.x\n',
      'dovecot-acl': 'user=bob lr\n',
    })
    await writeMaildir(root('ann'), '.Sent Items', [{ name: 'cur/2.x:2,S', text: letter(2) }])
    await symlink('/etc/hostname', join(root('ann'), 'cur/3.link:2,'))
    await writeMaildir(root('bob'), '', [{ name: 'cur/1.x:2,', text: letter(1, 'x'.repeat(90)) }])
    await writeMaildir(root('dan'), '', [{ name: 'cur/1.x:2,', text: letter(1) }])
    await mkdir(root('eve'), { recursive: true })
    const told = await planned(at('vhosts', '%d', '%n'))
    expect(told.total).toMatchObject({
      ...{ mailboxes: 4, messages: 5, unread: 1, missing: 1, overQuota: 1, notEmpty: 0 },
    })
    expect(told.total.seconds).toBeGreaterThan(0)
    expect(told.withoutMailbox).toEqual(['cy@a.test'])
    const [ann, bob, dan, eve] = told.mailboxes.toSorted(
      (a: { address: string }, b: { address: string }) => (a.address < b.address ? -1 : 1),
    )
    expect(ann).toMatchObject({ address: 'ann@a.test', there: 'fits', survey: { messages: 3 } })
    expect(ann.survey.folders).toMatchObject([
      { path: 'INBOX', messages: 2, keepsUids: true },
      { path: 'Sent', names: ['Sent Items'], messages: 1, keepsUids: false },
    ])
    const reasons = ann.survey.notes.map(({ reason }: { reason: string }) => reason)
    expect(reasons).toEqual([
      'rights of bob (lr): not given without --rights',
      'is a link, and links are not followed',
    ])
    expect([bob.there, dan.there, eve.there]).toEqual(['over-quota', 'missing', 'unknown'])
    const text = await plan(at('vhosts', '%d', '%n'))
    expect(text.stdout).toMatch(
      /\n4 mailboxes, 5 messages, .* about 1 min at the rate of 4 messages read from them\nof these 1 without an account here, 1 over quota, 1 that cannot be read\n$/,
    )
    expect(text.stderr).toContain('warning: 1 account has no mailbox there: cy@a.test\n')
    const one = await plan(root('ann'), '--account', 'ann@a.test')
    expect(one.stdout).toMatch(/^FOLDER +BECOMES .*\nINBOX +INBOX .*\nSent Items +Sent /)
  })

  it('of mboxes, MH and an export says the same', async () => {
    const from = 'From a@b.test Sun May  5 10:00:00 2024\n'
    await mkdir(at('mail', 'sub'), { recursive: true })
    await writeFile(at('spool'), `${from}${letter(1)}\n${from}${letter(2)}\n`)
    await writeFile(at('mail', 'Work'), `${from}${letter(3)}\n`)
    await mkdir(at('mh', 'inbox'), { recursive: true })
    await writeFile(at('mh', 'inbox', '7'), letter(4))
    writeArchive(at('export.zip'), {
      'Inbox/1': letter(5),
      'Inbox/2.ics': 'BEGIN:VCALENDAR\nEND:VCALENDAR\n',
    })
    const account = ['--account', 'ann@a.test']
    const paths = async (...words: readonly string[]) => {
      const { total, mailboxes } = await planned(...words, ...account)
      const [{ survey, there }] = mailboxes
      expect(there).toBe('fits')
      expect(total.bytes).toBeGreaterThan(0)
      return survey.folders.map((one: { path: string; messages: number }) => [
        one.path,
        one.messages,
      ])
    }
    expect(await paths(at('spool'))).toEqual([['INBOX', 2]])
    const both = await paths(at('mail'), '--inbox', at('spool'))
    expect(both).toEqual([
      ['INBOX', 2],
      ['Work', 1],
    ])
    expect(await paths(at('mh'))).toEqual([['INBOX', 1]])
    expect(await paths(at('export.zip'))).toEqual([['INBOX', 1]])
    expect((await plan(at('export.zip'))).stderr).toContain(
      '1 item of a calendar stays in the archive',
    )
  })

  it.skipIf(!hasDovecot())('of accounts of an IMAP server logs in to each', async () => {
    const there = resources.use(await temporaryFolder())
    const logins = ['ann@a.test', 'bob@a.test'].map((name) => ({ name, password: 'secretword' }))
    const dovecot = resources.use(await startDovecot(there.path, logins))
    await dovecot.save('ann@a.test', letter(1))
    await dovecot.admin('mailbox', 'create', '-u', 'ann@a.test', 'Deleted Items')
    await dovecot.save('ann@a.test', letter(2), 'Deleted Items')
    const list = at('accounts.csv')
    const rows = ['ann@a.test,secretword', 'bob@a.test,wrongword', 'cy@a.test,secretword']
    await writeFile(list, `address,password\n${rows.join('\n')}\n`, { mode: 0o600 })
    const words = [`imap://127.0.0.1:${dovecot.ports.imap}`, '--tls', 'none', '--accounts', list]
    const { mailboxes, total } = await planned(...words)
    expect(total).toMatchObject({ mailboxes: 3, messages: 2, unread: 2 })
    expect(mailboxes[0].survey.folders).toMatchObject([
      { path: 'INBOX', messages: 1, keepsUids: true },
      { path: 'Trash', names: ['Deleted Items'], messages: 1, keepsUids: true },
    ])
    expect(mailboxes[1].conflict).toContain('the login is refused')
    expect(JSON.stringify(mailboxes)).not.toContain('wrongword')
    for (const wrong of ['imap://ann@host', 'imap://host/INBOX', 'imap://']) {
      expect(await plan(wrong, '--accounts', list)).toMatchObject({ code: 64 })
    }
  })
})

describe('import plan of configurations', () => {
  it('is what the command that takes it over says with --dry-run', async () => {
    const root = fixturePath('isp')
    const isp = join(root, 'etc/postfix')
    await mkdir(at('answers'))
    await saveAnswers(organization, at('answers'))
    await writeFile(at('aliases'), 'root: ann@a.test\n')
    const below = ['--root', root]
    const users = ['--default-domain', 'a.test']
    const doveconf = join(root, 'doveconf.txt')
    for (const [source, kind, shared, command] of [
      [isp, [], below, ['postfix', isp]],
      [doveconf, [], below, ['dovecot', doveconf]],
      [at('aliases'), ['--kind', 'exim'], users, ['exim', at('aliases')]],
      [at('answers'), [], [], ['workmail', '--from', at('answers')]],
    ] as const) {
      const words = ['import', ...command, ...shared, '--dry-run', '--json', '--data', data]
      const said = await commandLine(words)
      expect(await plan(source, ...kind, ...shared, '--json'), source).toEqual(said)
      expect(JSON.parse(said.stdout).dryRun).toBe(true)
    }
    const domains = await commandLine(['domain', 'list', '--json', '--data', data])
    expect(JSON.parse(domains.stdout)).toHaveLength(1)
  })

  it('is not guessed where a source may be several', async () => {
    await writeFile(at('aliases'), 'root: ann@a.test\n')
    expect(await plan(at('aliases'))).toMatchObject({
      code: 64,
      stderr: `postwolke: ${at('aliases')} may be dovecot or passwd-file or exim: say by --kind what it is\n`,
    })
    await mkdir(at('both', 'Work', 'cur'), { recursive: true })
    await mkdir(at('both', 'Work', 'new'))
    await writeFile(at('both', 'old'), `From a@b.test Sun May  5 10:00:00 2024\n${letter(1)}`)
    expect((await plan(at('both'))).stderr).toContain('may be maildir or mbox: say by --kind')
    expect(await plan(at('both'), '--kind', 'mbox')).toMatchObject({ code: 0 })
    await mkdir(at('nothing'))
    expect(await plan(at('nothing'))).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('is nothing that is known'),
    })
    expect(await plan(at('none'))).toMatchObject({ code: 66 })
    expect(await plan(at('both'), '--kind', 'cyrus')).toMatchObject({ code: 64 })
    expect(await plan(at('nothing'), '--kind', 'maildir')).toMatchObject({ code: 66 })
  })
})
