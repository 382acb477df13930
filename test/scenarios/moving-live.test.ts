// A Maildir is brought while its Dovecot delivers, marks, expunges, moves and renames: afterwards every message is here once, under its uid, with its
// flags, and none that is there was ever taken for gone.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dovecot, hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seenByImap } from '#test/support/mailbox-over-wire.ts'
import { must } from '#test/support/must.ts'
import { seededRandom } from '#test/support/seed.ts'
import { freePorts, runCommand, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const password = 'secretword'
const account = 'ann@example.org'
const MESSAGES = 400
const IMPORTS = 4

describe.skipIf(!hasDovecot())('a Maildir whose server runs', () => {
  const resources = new AsyncDisposableStack()
  let dovecot: Dovecot
  let data: string

  beforeAll(async () => {
    const old = resources.use(await temporaryFolder())
    dovecot = resources.use(await startDovecot(old.path, [{ name: account, password }]))
    data = join(resources.use(await temporaryFolder()).path, 'data')
    await postwolke(0, 'domain', 'add', 'example.org')
    const users = `${account}:{PLAIN}${password}\n`
    expect(await runCommand(data, ['account', 'import', '-'], users)).toMatchObject({ code: 0 })
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  async function postwolke(code: number, ...words: readonly string[]) {
    const ended = await runCommand(data, words)
    expect(ended, ended.stderr).toMatchObject({ code })
    return ended
  }

  async function open(): Promise<ImapClient> {
    const client = await ImapClient.connect(dovecot.ports.imap)
    await client.ok(`LOGIN ${account} ${password}`)
    return client
  }

  const append = (client: ImapClient, folder: string, n: number) =>
    client.append(folder, `Subject: ${n}\r\n\r\n${'text\r\n'.repeat(n % 40)}`)

  /** Changes names of files all the time, and takes some away: never more than a few of what is left. */
  async function use(folder: string, seed: string, isOver: () => boolean): Promise<number> {
    const random = seededRandom(seed)
    const client = await open()
    let changes = 0
    for (let n = 1; !isOver(); n++) {
      await append(client, folder, 10_000 + n)
      await client.ok(`SELECT ${folder}`)
      const from = 1 + Math.floor(random() * MESSAGES)
      const flag = ['\\Seen', '\\Flagged', '\\Answered', '$Label1'][n % 4]
      await client.ok(`STORE 1:* ${random() < 0.5 ? '+' : '-'}FLAGS.SILENT (${flag})`)
      if (n % 3 === 0) await client.ok(`UID STORE ${from} +FLAGS.SILENT (\\Deleted)`)
      await client.ok('EXPUNGE')
      if (n % 5 === 0) await client.ok(`UID MOVE ${from + 1} Moved`)
      changes++
    }
    client.close()
    return changes
  }

  it('is whole at the end, and was never less', async () => {
    const client = await open()
    for (const folder of ['Work', 'Moved', 'Old', 'Gone']) await client.ok(`CREATE ${folder}`)
    for (let n = 0; n < MESSAGES; n++) {
      await append(client, 'INBOX', n)
      await append(client, 'Work', n)
      if (n % 10 === 0) for (const folder of ['Old', 'Gone']) await append(client, folder, n)
    }
    const words = ['import', 'maildir', join(dovecot.mail, '%u'), '--json']
    let isOver = false
    const users = ['INBOX', 'Work'].map((folder) => use(folder, `live ${folder}`, () => isOver))
    const told: Folder[] = []
    for (let n = 0; n < IMPORTS; n++) {
      // A folder goes, another gets another name: whether that is in the middle of an import is chance.
      const changing = (async () => {
        if (n === 1) await client.ok('RENAME Old New')
        if (n === 2) await client.ok('DELETE Gone')
      })()
      const ended = await runCommand(data, [...words, '--live'])
      await changing
      expect([0, 65], ended.stderr).toContain(ended.code)
      told.push(...foldersOf(ended.stdout))
    }
    isOver = true
    const changes = await Promise.all(users)
    client.close()
    expect(Math.min(...changes)).toBeGreaterThan(IMPORTS)

    told.push(...foldersOf((await postwolke(0, ...words)).stdout))
    const sum = (of: (one: Folder) => number) => told.reduce((all, one) => all + of(one), 0)
    expect(sum(({ otherUids }) => otherUids)).toBe(0)
    expect(sum(({ unread }) => unread)).toBe(0)
    const settings = ['disablePlaintextAuth=loopback-allowed']
    await using server = await startServer(data, await freePorts(), settings)
    const login = { login: account, password }
    const there = await seenByImap({ port: dovecot.ports.imap, ...login })
    const here = await seenByImap({ port: server.ports.imap, ...login })
    for (const [folder, seen] of Object.entries(there)) {
      const own = must(here[folder])
      expect(own.messages, folder).toEqual(seen.messages)
      expect(own.uidValidity, folder).toBe(seen.uidValidity)
    }
    // Brought before they went or got another name; nobody takes a folder away here.
    expect(Object.keys(here).filter((folder) => !(folder in there))).toEqual(['Gone', 'Old'])
    expect(here.Old?.messages).toEqual(there.New?.messages)
    await postwolke(0, 'import', 'maildir', join(dovecot.mail, '%u'), '--verify')
    // What is here was never removed and brought again.
    const [allThere, removed] = [Object.values(there), sum((one) => one.removed)]
    const kept = allThere.reduce((all, { messages }) => all + messages.length, 0)
    const gone = must(here.Gone).messages.length + must(here.Old).messages.length
    expect(sum(({ brought }) => brought) - removed).toBe(kept + gone)
  }, 120_000)
})

type Folder = {
  readonly brought: number
  readonly removed: number
  readonly otherUids: number
  readonly unread: number
}

const foldersOf = (stdout: string): readonly Folder[] =>
  JSON.parse(stdout).mailboxes.flatMap(({ folders }: { folders: Folder[] }) => folders)
