// RFC 4314 §4 as a table: every command there is, with each right missing in turn. A command without a row fails the first test.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commands } from '#services/imap/commands/index.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { allRights, noRights, type Rights, userGrantee, without } from '#shared/mailbox/rights.ts'
import { type ImapAnswer, ImapClient } from '#test/support/imap-client.ts'
import { accountId, type ImapServer, startImapServer } from '#test/support/imap-server.ts'

const owner = 'ann@example.test'
const reader = 'bob@example.test'

type Row = {
  /** Rights without any of which the answer is NO. */
  readonly needs: string
  /** `$` is the mailbox of somebody else. */
  readonly command: string
  readonly literal?: string
  /** Before it. */
  readonly first?: readonly string[]
  /** The mailbox is not the same afterwards: the next case gets another. */
  readonly spends?: true
}

const message = 'Subject: new\r\n\r\nText.\r\n'

/** Commands that name the mailbox. */
const named: { readonly [name: string]: Row } = {
  SELECT: { needs: 'r', command: 'SELECT "$"' },
  EXAMINE: { needs: 'r', command: 'EXAMINE "$"' },
  STATUS: { needs: 'r', command: 'STATUS "$" (MESSAGES)' },
  CREATE: { needs: 'k', spends: true, command: 'CREATE "$/New"' },
  DELETE: { needs: 'x', spends: true, command: 'DELETE "$"' },
  RENAME: { needs: 'kx', spends: true, command: 'RENAME "$/Sub" "$/Other"' },
  APPEND: { needs: 'i', command: `APPEND "$" {${message.length}}`, literal: message },
  GETMETADATA: { needs: 'l', command: 'GETMETADATA "$" /shared/comment' },
  SETMETADATA: { needs: 'lw', command: 'SETMETADATA "$" (/shared/comment "x")' },
  GETACL: { needs: 'a', command: 'GETACL "$"' },
  SETACL: { needs: 'a', command: 'SETACL "$" eve@example.test lr' },
  DELETEACL: { needs: 'a', command: 'DELETEACL "$" eve@example.test' },
  LISTRIGHTS: { needs: 'a', command: 'LISTRIGHTS "$" eve@example.test' },
  MYRIGHTS: { needs: '', command: 'MYRIGHTS "$"' },
}

/** Commands that name it as the place where messages of the own INBOX go. */
const targeted: { readonly [name: string]: Row } = {
  COPY: { needs: 'i', command: 'COPY 1 "$"' },
  'UID COPY': { needs: 'i', command: 'UID COPY * "$"' },
  MOVE: { needs: 'i', command: 'MOVE 1 "$"' },
  'UID MOVE': { needs: 'i', command: 'UID MOVE * "$"' },
  REPLACE: { needs: 'i', command: `REPLACE 1 "$" {${message.length}}`, literal: message },
  'UID REPLACE': { needs: 'i', command: `UID REPLACE * "$" {${message.length}}`, literal: message },
}

/** Commands in it, selected. */
const inside: { readonly [name: string]: Row } = {
  FETCH: { needs: '', command: 'FETCH 1 BODY[]' },
  'UID FETCH': { needs: '', command: 'UID FETCH 1 BODY[]' },
  SEARCH: { needs: '', command: 'SEARCH ALL' },
  'UID SEARCH': { needs: '', command: 'UID SEARCH ALL' },
  SORT: { needs: '', command: 'SORT (DATE) UTF-8 ALL' },
  'UID SORT': { needs: '', command: 'UID SORT (DATE) UTF-8 ALL' },
  THREAD: { needs: '', command: 'THREAD REFERENCES UTF-8 ALL' },
  'UID THREAD': { needs: '', command: 'UID THREAD REFERENCES UTF-8 ALL' },
  ESEARCH: { needs: '', command: 'ESEARCH IN (selected) ALL' },
  'STORE \\Seen': { needs: 's', command: 'STORE 1 +FLAGS (\\Seen)' },
  'STORE \\Deleted': { needs: 't', command: 'STORE 1 +FLAGS (\\Deleted)' },
  'STORE \\Flagged': { needs: 'w', command: 'STORE 1 +FLAGS (\\Flagged)' },
  'STORE $Keyword': { needs: 'w', command: 'STORE 1 -FLAGS ($Keyword)' },
  'STORE all': { needs: '', command: 'STORE 1 FLAGS (\\Seen \\Flagged \\Deleted)' },
  'UID STORE': { needs: 't', command: 'UID STORE 1 +FLAGS.SILENT (\\Deleted)' },
  EXPUNGE: { needs: 'e', spends: true, command: 'EXPUNGE' },
  'UID EXPUNGE': { needs: 'e', spends: true, command: 'UID EXPUNGE 1:*' },
  COPY: { needs: '', command: 'COPY 1 INBOX' },
  'UID COPY': { needs: '', command: 'UID COPY 1 INBOX' },
  MOVE: { needs: 'te', spends: true, command: 'MOVE 1 INBOX' },
  'UID MOVE': { needs: 'te', spends: true, command: 'UID MOVE 1 INBOX' },
  REPLACE: {
    needs: 'te',
    spends: true,
    command: `REPLACE 1 INBOX {${message.length}}`,
    literal: message,
  },
  'UID REPLACE': {
    needs: 'te',
    spends: true,
    command: `UID REPLACE 1 INBOX {${message.length}}`,
    literal: message,
  },
  CHECK: { needs: '', command: 'CHECK' },
  NOOP: { needs: '', command: 'NOOP' },
  // RFC 4314 §4: without `e` it only closes.
  CLOSE: { needs: '', spends: true, command: 'CLOSE' },
  CANCELUPDATE: {
    needs: '',
    first: ['SEARCH RETURN (UPDATE) ALL'],
    command: 'CANCELUPDATE "t3"',
  },
}

/** What leaves the mailbox is carried out even by who may not read it any longer. */
const leaving = ['SELECT', 'EXAMINE', 'UNSELECT', 'UNAUTHENTICATE', 'LOGOUT']

/** What is about no mailbox, or answers OK whatever the rights are: `telling.test.ts` shows what is told then. */
const unrefused = [
  'AUTHENTICATE',
  'CAPABILITY',
  'COMPRESS',
  'ENABLE',
  'GETQUOTA',
  'GETQUOTAROOT',
  'ID',
  'IDLE',
  'LIST',
  'LOGIN',
  'LSUB',
  'NAMESPACE',
  'NOTIFY',
  'SETQUOTA',
  'STARTTLS',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
]

/** In one's own mailboxes alone: the transcript imapsieve/shared-mailbox shows the refusal. */
const ownOnly = ['FILTER', 'UID FILTER']

let server: ImapServer
let boxes = 0
let lasting: Box | undefined

type Box = { readonly path: string; readonly name: string }

beforeAll(async () => {
  server = await startImapServer()
})
afterAll(() => server.stop())

describe('commands and rights', () => {
  it('each command has a row', () => {
    const rows = [named, targeted, inside].flatMap((table) => Object.keys(table))
    const known = new Set([
      ...rows.map((name) => name.replace(/ \W.*| all$/, '')),
      ...leaving,
      ...unrefused,
      ...ownOnly,
    ])
    const missing = [...commands.keys()].filter((name) => !known.has(name))
    expect(missing).toEqual([])
  })

  it.each(Object.keys(named))('%s names the mailbox', async (name) => {
    await everyRight(named[name], async (name) => ({ client: await login(), name }))
  })

  it.each(Object.keys(targeted))('%s brings messages to it', async (name) => {
    await everyRight(targeted[name], async (name) => {
      const client = await login()
      await client.append('INBOX', message)
      await client.ok('SELECT INBOX')
      return { client, name }
    })
  })

  it.each(Object.keys(inside))('%s in it', async (name) => {
    const row = inside[name]
    for (const missing of allRights) {
      const box = await boxFor(row, allRights)
      const client = await login()
      await client.ok(`SELECT "${box.name}"`)
      for (const line of row?.first ?? []) await client.ok(line)
      await give(box.path, without(allRights, missing as Rights))
      const answer = await run(client, row, box.name)
      const expected = missing === 'r' || row?.needs.includes(missing) ? 'NO' : 'OK'
      expect(`without ${missing}: ${answer.status}`).toBe(`without ${missing}: ${expected}`)
      // RFC 4314 §5.1.1
      const isEnded = answer.untagged.some((line) => line.startsWith('BYE [NONEXISTENT]'))
      expect(`without ${missing}: ended ${isEnded}`).toBe(
        `without ${missing}: ended ${missing === 'r'}`,
      )
      client.close()
    }
  })

  it.each([
    ['lr', 'NO'],
    ['lrs', 'OK'],
    ['lrw', 'OK'],
    ['lrt', 'OK'],
  ])('STORE with %s and nothing else: %s', async (rights, status) => {
    const box = await boxFor(undefined, rights as Rights)
    const client = await login()
    await client.ok(`SELECT "${box.name}"`)
    const answer = await client.command('STORE 1 FLAGS (\\Seen \\Flagged \\Deleted)')
    expect(answer.status).toBe(status)
    client.close()
  })

  it.each(['SELECT INBOX', 'EXAMINE INBOX', 'UNSELECT', 'LOGOUT', 'UNAUTHENTICATE'])(
    '%s leaves it however little is left',
    async (command) => {
      const box = await makeBox(allRights)
      const client = await login()
      await client.ok(`SELECT "${box.name}"`)
      await give(box.path, noRights)
      expect((await client.command(command)).status).toBe('OK')
      client.close()
    },
  )
})

/** One right missing after the other; then none at all, which must look as if there were no such mailbox. */
async function everyRight(
  row: Row | undefined,
  prepare: (name: string) => Promise<{ readonly client: ImapClient; readonly name: string }>,
): Promise<void> {
  for (const missing of allRights) {
    const box = await boxFor(row, without(allRights, missing as Rights))
    const { client, name } = await prepare(box.name)
    const answer = await run(client, row, name)
    const expected = row?.needs.includes(missing) ? 'NO' : 'OK'
    expect(`without ${missing}: ${answer.status}`).toBe(`without ${missing}: ${expected}`)
    client.close()
  }
  const answers: ImapAnswer[] = []
  for (const name of [(await makeBox(noRights)).name, unknown, nobodys]) {
    const { client } = await prepare(name)
    const answer = await run(client, row, name)
    expect(answer.status).toBe('NO')
    answers.push(answer)
    client.close()
  }
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
}

const nameOf = (path: string) => `Other Users/${owner}/${path}`
const unknown = nameOf('No such mailbox')
const nobodys = 'Other Users/nobody@example.test/INBOX'

async function run(client: ImapClient, row: Row | undefined, name: string): Promise<ImapAnswer> {
  const command = row?.command.replaceAll('$', (at, offset, text) =>
    // `$Keyword` is a flag.
    text.startsWith('$K', offset) ? at : name,
  )
  return client.command(`${command}`, ...(row?.literal === undefined ? [] : [`${row.literal}\r\n`]))
}

const login = () => ImapClient.login(server.port, reader)

async function boxFor(row: Row | undefined, rights: Rights): Promise<Box> {
  if (row?.spends) return makeBox(rights)
  lasting ??= await makeBox(rights)
  await give(lasting.path, rights)
  return lasting
}

/** Two messages, one of them to be expunged, and a mailbox below with the same rights. */
async function makeBox(rights: Rights): Promise<Box> {
  const path = `Box${++boxes}`
  for (const name of [path, `${path}/Sub`]) {
    await server.mailbox.folders.create(accountId(owner), name)
  }
  const folder = await find(path)
  await server.seed(folder, 'Subject: one\r\n\r\nOne.\r\n', ['$Keyword'])
  await server.seed(folder, 'Subject: two\r\n\r\nTwo.\r\n', ['\\Deleted'])
  await give(path, rights)
  await give(`${path}/Sub`, rights)
  return { path, name: nameOf(path) }
}

async function find(path: string, of: AccountId = accountId(owner)) {
  const folder = await server.mailbox.folders.find(of, path)
  if (folder === undefined) throw new Error(`no folder ${path}`)
  return folder
}

async function give(path: string, rights: Rights): Promise<void> {
  const set = await server.mailbox.access.change(
    await find(path),
    userGrantee(accountId(reader)),
    () => rights,
  )
  if (set.kind !== 'set') throw new Error(set.kind)
}
