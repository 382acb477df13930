// Mailboxes of Debian's Dovecot and Cyrus brought by IMAP: uids, flags, dates and bytes are the same afterwards, over a line that breaks off again and again;
// and what a server may do to whoever reads it.

import { createCipheriv } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openImapSource } from '#shared/moving/mailboxes/imap/imap-source.ts'
import { PAUSES_MS, THROTTLED_PAUSES_MS } from '#shared/moving/mailboxes/imap/session.ts'
import { type MailSource, SourceFailure } from '#shared/moving/mailboxes/source.ts'
import { hasCyrus, startCyrus } from '#test/support/cyrus.ts'
import { hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seenByImap } from '#test/support/mailbox-over-wire.ts'
import { must } from '#test/support/must.ts'
import { seededRandom } from '#test/support/seed.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openTcpRelay } from '#test/support/tcp-relay.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const password = 'secretword'
const accounts = ['ann@example.org', 'bob@example.org', 'cy@example.org']
const users = accounts.map((name) => ({ name, password }))
const MESSAGES = 150
const LINE = 'a line of some length, as it were\r\n'
const LARGE_BYTES = 3_000_000

/** Lines that no server compresses (COMPRESS=DEFLATE): what is cut is what was sent. The same each time. */
function noise(bytes: number): string {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const text = cipher.update(Buffer.alloc(Math.ceil((bytes * 3) / 4))).toString('base64')
  return text.replaceAll(/.{76}/g, '$&\r\n')
}

type Old = {
  readonly port: number
  /** Between the levels of a path. */
  readonly delimiter: string
  readonly admin: { readonly name: string; readonly password: string }
}

const olds: readonly (readonly [
  name: string,
  isThere: () => boolean,
  start: (directory: string, resources: AsyncDisposableStack) => Promise<Old>,
])[] = [
  [
    'Dovecot',
    hasDovecot,
    async (directory, resources) => {
      const master = { name: 'admin', password: 'masterword' }
      const settings = [
        'mail_attribute_dict = file:%h/dovecot-attributes',
        'mail_plugins = acl',
        'protocol imap {\n  mail_plugins = acl imap_acl\n  imap_metadata = yes\n}',
        // Its master user has rights by himself only when they are those of whom he looks at.
        'plugin {\n  acl = vfile\n  acl_anyone = allow\n  acl_user = %u\n}',
      ]
      const { ports } = resources.use(await startDovecot(directory, users, { master, settings }))
      return { port: ports.imap, delimiter: '.', admin: master }
    },
  ],
  [
    'Cyrus',
    hasCyrus,
    async (directory, resources) => ({
      ...resources.use(await startCyrus(directory, users)),
      delimiter: '/',
    }),
  ],
]

for (const [name, isThere, start] of olds) {
  describe.skipIf(!isThere())(`mailboxes of ${name}`, () => {
    const resources = new AsyncDisposableStack()
    let from: Old
    let server: ServerProcess
    let place: string
    let data: string

    beforeAll(async () => {
      const old = resources.use(await temporaryFolder())
      from = await start(old.path, resources)
      for (const account of accounts) await fill(account)
      place = resources.use(await temporaryFolder()).path
      data = join(place, 'data')
      await postwolke('domain', 'add', 'example.org')
      const users = accounts.map((address) => `${address}:{PLAIN}${password}\n`).join('')
      expect(await runCommand(data, ['account', 'import', '-'], users)).toMatchObject({ code: 0 })
      server = resources.use(
        await startServer(data, await freePorts(), ['disablePlaintextAuth=loopback-allowed']),
      )
    }, 120_000)
    afterAll(() => resources.disposeAsync())

    async function postwolke(...words: readonly string[]) {
      const ended = await runCommand(data, words)
      expect(ended, ended.stderr).toMatchObject({ code: 0 })
      return ended.stdout
    }

    async function fill(account: string): Promise<void> {
      const random = seededRandom(`imap ${account}`)
      const client = await ImapClient.connect(from.port)
      await client.ok(`LOGIN ${account} ${password}`)
      for (const folder of [work(), 'B&APw-cher', 'Sent']) {
        await client.ok(`CREATE ${folder}`)
        await client.ok(`SUBSCRIBE ${folder}`)
      }
      for (let n = 0; n < MESSAGES; n++) {
        const folder = ['INBOX', 'INBOX', work(), 'B&APw-cher', 'Sent'][n % 5]
        const body = n % 50 === 7 ? noise(LARGE_BYTES) : LINE.repeat(n % 10)
        const text = `From: a@example.com\r\nSubject: ${n} \xfc\r\n\r\n${body}`
        const keywords = Array.from({ length: n % 13 === 0 ? 30 : 1 }, (_, k) => `key${k}`).join(
          ' ',
        )
        const flags = `${random() < 0.5 ? '\\Seen ' : ''}${random() < 0.2 ? '\\Flagged ' : ''}${keywords}`
        const day = String(1 + (n % 28)).padStart(2, '0')
        await client.ok(
          `APPEND ${folder} (${flags}) "${day}-Mar-2011 08:0${n % 10}:00 +0200" {${text.length}}`,
          `${text}\r\n`,
        )
      }
      await client.ok('SELECT INBOX')
      await client.ok('UID STORE 2,4:6 +FLAGS (\\Deleted)')
      await client.ok('EXPUNGE')
      client.close()
    }

    const work = () => `Work${from.delimiter}2024`

    const same = async () => {
      for (const login of accounts) {
        const there = await seenByImap({ port: from.port, login, password })
        const here = await seenByImap({ port: server.ports.imap, login, password })
        expect(here, login).toEqual(there)
      }
    }

    const admin = async (port: number) => {
      const [list, secret] = [join(place, 'accounts.csv'), join(place, 'admin.secret')]
      await writeFile(list, `address\n${accounts.join('\n')}\n`)
      await writeFile(secret, `${from.admin.password}\n`, { mode: 0o600 })
      return [
        ...['import', 'imap', '--host', '127.0.0.1', '--port', String(port), '--tls', 'none'],
        ...[
          '--accounts',
          list,
          '--admin',
          from.admin.name,
          '--admin-password-file',
          secret,
          '--json',
        ],
      ]
    }

    it('come over a line that breaks off again and again', async () => {
      await using relay = await openTcpRelay(from.port)
      const random = seededRandom('cuts of a line')
      const words = await admin(relay.port)
      let isDone = false
      const cutting = (async () => {
        for (let n = 0; n < 12 && !isDone; n++) {
          // By what has come and not by time: whoever is cut off three times without one message more gives that message up.
          const end = relay.carried() + (n % 2 === 0 ? random() * LARGE_BYTES : 2 * LARGE_BYTES)
          while (!isDone && relay.carried() < end) await delay(2)
          await relay.cut()
          await relay.mend()
        }
      })()
      const told = JSON.parse(await postwolke(...words))
      isDone = true
      await cutting
      expect(relay.connections()).toBeGreaterThan(accounts.length)
      expect(told.failed).toEqual([])
      await same()
    }, 180_000)

    it('are not read again where nothing has changed, and followed where something has', async () => {
      const words = await admin(from.port)
      const client = await ImapClient.connect(from.port)
      await client.ok(`LOGIN ${accounts[0]} ${password}`)
      await client.ok(`SELECT ${work()}`)
      await client.ok('UID STORE 1:3 +FLAGS (\\Answered $Later)')
      await client.ok('UID STORE 4 +FLAGS (\\Deleted)')
      await client.ok('EXPUNGE')
      await client.append(work(), 'Subject: new\r\n\r\nnew\r\n')
      client.close()
      const told = JSON.parse(await postwolke(...words))
      const [ann] = told.mailboxes
      expect(ann.folders.find(({ path }: { path: string }) => path === 'Work/2024')).toMatchObject({
        brought: 1,
        removed: 1,
        flagsChanged: 3,
        uids: 'kept',
      })
      await same()
      expect(JSON.parse(await postwolke(...words, '--verify')).failed).toEqual([])
    }, 120_000)

    it('have their annotations, and others the rights that they had, where that is asked for', async () => {
      const there = await ImapClient.connect(from.port)
      await there.ok(`LOGIN ${accounts[0]} ${password}`)
      await there.ok(
        `SETMETADATA ${work()} (/private/comment "of ${accounts[0]}" /shared/comment {9}`,
        'B\xfccher "\\)\r\n',
      )
      await there.ok('SETMETADATA "" (/private/comment "of all")')
      await there.ok(`SETACL ${work()} bob@example.org lrsi`)
      await there.ok(`SETACL ${work()} stranger@example.net lr`)
      await there.ok(`SETACL ${work()} anyone l`)
      there.close()
      const words = await admin(from.port)
      const rightsOf = (told: { mailboxes: { rights: { who: string; outcome: string }[] }[] }) =>
        told.mailboxes[0]?.rights.map(({ who, outcome }) => `${who}: ${outcome}`).sort()
      const listed = JSON.parse(await postwolke(...words))
      expect(rightsOf(listed)).toEqual([
        'anyone: not given: what everyone may do, an administrator says',
        'bob@example.org: not given without --rights',
        'stranger@example.net: not given without --rights',
      ])
      // Bob sees Ann's folder there, and has none of his own of it here.
      expect(listed.mailboxes[1].folders.map(({ path }: { path: string }) => path)).not.toContain(
        `Other Users/${accounts[0]}/Work/2024`,
      )
      const client = await ImapClient.connect(server.ports.imap)
      await client.ok(`LOGIN ${accounts[0]} ${password}`)
      const acl = async () => (await client.ok('GETACL Work/2024')).untagged
      expect(await acl()).toEqual([
        `ACL Work/2024 ${accounts[0]} lrswipkxtecda`.replace('ecda', 'eacd'),
      ])
      const wanted = '(/private/comment /shared/comment)'
      expect((await client.ok(`GETMETADATA Work/2024 ${wanted}`)).untagged).toEqual([
        `METADATA Work/2024 (/private/comment "of ${accounts[0]}" /shared/comment {9}\r\nB\xfccher "\\)`,
      ])
      expect((await client.ok('GETMETADATA "" (/private/comment)')).untagged).toEqual([
        'METADATA "" (/private/comment "of all")',
      ])
      // What its owner has set here stays, and what he has given.
      await client.ok('SETMETADATA Work/2024 (/private/comment "mine")')
      const given = JSON.parse(await postwolke(...words, '--rights'))
      expect(rightsOf(given)).toEqual([
        'anyone: not given: what everyone may do, an administrator says',
        'bob@example.org: given',
        'stranger@example.net: not given: no such account here',
      ])
      expect((await acl())[0]).toMatch(/ bob@example.org lrsi$/)
      await client.ok('SETACL Work/2024 bob@example.org lr')
      const again = JSON.parse(await postwolke(...words, '--rights'))
      expect(rightsOf(again)).toContain('bob@example.org: has rights here already')
      expect((await acl())[0]).toMatch(/ bob@example.org lr$/)
      expect((await client.ok('GETMETADATA Work/2024 (/private/comment)')).untagged).toEqual([
        'METADATA Work/2024 (/private/comment "mine")',
      ])
      client.close()
    }, 120_000)

    it('are refused with a wrong password, which is no empty mailbox', async () => {
      const secret = join(place, 'wrong.secret')
      await writeFile(secret, 'wrongword\n', { mode: 0o600 })
      const ended = await runCommand(data, [
        ...['import', 'imap', '--host', '127.0.0.1', '--port', String(from.port), '--tls', 'none'],
        ...['--account', must(accounts[0]), '--password-file', secret],
      ])
      expect(ended.code).toBe(66)
      expect(ended.stderr).toContain('the login is refused')
      expect(ended.stderr).not.toContain('wrongword')
    }, 60_000)
  })
}

describe('a server that is not well', () => {
  /** Answers each command by the first row that it begins with. */
  async function reading(
    rows: readonly (readonly [
      begins: string,
      answer: (tag: string, socket: Socket, command: string) => string,
    ])[],
  ) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write('* OK ready\r\n')
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk
        for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
          const [tag = '', ...words] = text.slice(0, end).split(' ')
          text = text.slice(end + 2)
          const command = words.join(' ')
          const row = rows.find(([begins]) => command.startsWith(begins))
          socket.write(row ? row[1](tag, socket, command) : `${tag} OK done\r\n`, 'latin1')
        }
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const pauses: number[] = []
    const opening = openImapSource({
      host: { host: '127.0.0.1', port, tls: 'none' },
      login: { user: 'ann', secret: { kind: 'password', password } },
      clock: {
        sleep: async (ms) => {
          pauses.push(ms)
        },
      },
    })
    return { opening, pauses, [Symbol.asyncDispose]: async () => void server.close() }
  }

  /** As long as somebody listens. */
  function withoutEnd(socket: Socket, text: string): void {
    const more = (error?: Error | null) => {
      if (!error) socket.write(text, more)
    }
    more()
  }

  const list = ['LIST', (tag: string) => `* LIST () "/" INBOX\r\n${tag} OK done\r\n`] as const
  const capability = [
    'CAPABILITY',
    (tag: string) => `* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`,
  ] as const
  const examine = [
    'EXAMINE',
    (tag: string) =>
      `* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 9] ok\r\n${tag} OK [READ-ONLY] done\r\n`,
  ] as const
  const search = ['UID SEARCH', (tag: string) => `* SEARCH 3 5\r\n${tag} OK done\r\n`] as const
  const listed = (tag: string) =>
    `* 1 FETCH (UID 3 FLAGS (\\Seen \\Indexed) INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 19189)\r\n* 2 FETCH (UID 5 FLAGS () INTERNALDATE "rubbish" RFC822.SIZE 10)\r\n${tag} OK done\r\n`

  async function read(source: MailSource) {
    const opened = await source.open(must((await source.folders())[0]))
    const messages = await Array.fromAsync(opened.messages())
    const found: string[] = []
    for await (const { message, bytes } of opened.read(messages)) {
      const chunks = await Array.fromAsync(bytes)
      found.push(`${message.key} ${Buffer.concat(chunks).toString('latin1')}`)
    }
    return { messages, found }
  }

  it('is waited for as long as it asks', async () => {
    let asked = 0
    await using broken = await reading([
      capability,
      examine,
      search,
      [
        'LIST',
        (tag) =>
          ++asked < 3
            ? `${tag} BAD Request is throttled. Suggested Backoff Time: 120 milliseconds\r\n`
            : list[1](tag),
      ],
    ])
    const source = await broken.opening
    // The client has waited already.
    expect(broken.pauses.length).toBeGreaterThan(0)
    expect(broken.pauses.every((ms) => ms === 0)).toBe(true)
    await source.close()
  })

  it('may lie about sizes and dates, and break off in the middle of a message', async () => {
    let asked = 0
    await using broken = await reading([
      capability,
      list,
      examine,
      search,
      [
        'UID FETCH',
        (tag, socket) => {
          asked++
          if (asked === 1) return listed(tag)
          if (asked === 2) {
            setTimeout(() => socket.destroy(), 20)
            return '* 1 FETCH (UID 3 BODY[] {100}\r\nhalf of it'
          }
          return `* 1 FETCH (UID 3 BODY[] {4}\r\nabc\n)\r\n* 2 FETCH (UID 5 BODY[] {0}\r\n)\r\n${tag} OK done\r\n`
        },
      ],
    ])
    const source = await broken.opening
    const { messages, found } = await read(source)
    expect(messages.map(({ internalDateMs }) => internalDateMs)).toEqual([1_577_836_800_000, 0])
    expect(found).toEqual(['7.3 abc\n', '7.5 '])
    expect(broken.pauses).toEqual([1_000])
    await source.close()
  })

  it('may lose messages while they are read: what is half there is no message', async () => {
    let asked = 0
    await using broken = await reading([
      capability,
      list,
      examine,
      search,
      [
        'UID FETCH',
        (tag) => {
          asked++
          // The first is read in pieces, of which one still comes.
          if (asked === 1) return listed(tag).replace('SIZE 19189', `SIZE ${3 * 1024 ** 2}`)
          if (asked > 2) return `${tag} OK done\r\n`
          const piece = 'x'.repeat(1024 ** 2)
          return `* 1 FETCH (UID 3 BODY[]<0> {${piece.length}}\r\n${piece})\r\n${tag} OK done\r\n`
        },
      ],
    ])
    const source = await broken.opening
    const opened = await source.open(must((await source.folders())[0]))
    const messages = await Array.fromAsync(opened.messages())
    const ends: string[] = []
    for await (const { message, bytes } of opened.read(messages)) {
      const end = await Array.fromAsync(bytes).catch((error: Error) => error.name)
      ends.push(`${message.key} ${end}`)
    }
    expect(ends).toEqual(['7.3 MessageGone', '7.5 MessageGone'])
    expect(source.notes()).toEqual([])
    await source.close()
  })

  it('loses one message that ends every session, and not the others', async () => {
    let first = true
    await using broken = await reading([
      capability,
      list,
      examine,
      search,
      [
        'UID FETCH',
        (tag, socket) => {
          if (first) {
            first = false
            return listed(tag)
          }
          setTimeout(() => socket.destroy(), 20)
          return '* 2 FETCH (UID 5 BODY[] {100}\r\nhalf'
        },
      ],
    ])
    const source = await broken.opening
    const { found } = await read(source)
    expect(found).toEqual([])
    expect(source.notes().map(({ about }) => about)).toEqual(['INBOX: uid 3', 'INBOX: uid 5'])
    await source.close()
  })

  it('is not read when it sends a line without end', async () => {
    await using broken = await reading([
      capability,
      list,
      ['EXAMINE', () => `* FLAGS (${'x'.repeat(9 * 1024 ** 2)}`],
    ])
    const source = await broken.opening
    const [inbox] = await source.folders()
    await expect(source.open(must(inbox))).rejects.toThrow(/does not answer/)
    expect(broken.pauses.length).toBeGreaterThan(3)
  })

  it('is not taken for empty when it refuses to say what there is', async () => {
    let asked = 0
    await using broken = await reading([
      capability,
      list,
      examine,
      [
        'UID SEARCH',
        (tag, socket) => {
          asked++
          if (asked === 1) return `${tag} NO [OVERQUOTA] Account exceeded bandwidth limits.\r\n`
          if (asked === 2) return `${tag} NO not now\r\n`
          if (asked > 3) return search[1](tag)
          setTimeout(() => socket.destroy(), 20)
          return '* SEARCH 3'
        },
      ],
      ['UID FETCH', listed],
    ])
    const source = await broken.opening
    const opened = await source.open(must((await source.folders())[0]))
    expect(opened.count).toBe(2)
    expect(broken.pauses).toEqual([THROTTLED_PAUSES_MS[0], PAUSES_MS[0], PAUSES_MS[1]])
    await source.close()
  })

  it('is left for another day when it goes on throttling', async () => {
    let asked = 0
    await using broken = await reading([
      capability,
      list,
      [
        'EXAMINE',
        (tag) => {
          asked++
          return `${tag} NO ${asked % 2 === 0 ? '[THROTTLED] slow' : '[ALERT] Too many simultaneous connections.'}\r\n`
        },
      ],
    ])
    const source = await broken.opening
    await expect(source.open(must((await source.folders())[0]))).rejects.toThrow(
      /gives no more for now/,
    )
    expect(broken.pauses).toEqual(THROTTLED_PAUSES_MS)
    await source.close()
  })

  it('may have more uids in a folder than one answer holds, and lose some meanwhile', async () => {
    let left = 250_000
    const asked: string[] = []
    await using large = await reading([
      capability,
      list,
      [
        'EXAMINE',
        (tag) => `* ${left} EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n${tag} OK [READ-ONLY] done\r\n`,
      ],
      [
        'UID SEARCH',
        (tag, _, command) => {
          asked.push(command)
          const [first = 0, last = 0] = (command.split(' ').at(-1) ?? '').split(':').map(Number)
          // Of a message 1 that goes after the first answer all others have one number less.
          const shift = 4_000_000_000 + (asked.length > 1 ? 1 : 0)
          const uids = Array.from({ length: last - first + 1 }, (_, i) => first + i + shift)
          const gone = asked.length === 1 ? '* 1 EXPUNGE\r\n' : ''
          if (asked.length === 1) left--
          return `* SEARCH ${uids.join(' ')}\r\n${gone}${tag} OK done\r\n`
        },
      ],
    ])
    const source = await large.opening
    const opened = await source.open(must((await source.folders())[0]))
    expect(asked).toEqual([
      'UID SEARCH 150001:250000',
      'UID SEARCH 50001:150000',
      'UID SEARCH 1:50000',
    ])
    expect(opened.count).toBe(249_999)
    await source.close()
  })

  it.each([
    { when: 'of folders', patterns: ['"*"'], told: 'more than 8 MB for a list of folders' },
    {
      when: 'before it lets anybody in',
      patterns: ['""'],
      told: 'more than 1 MB for a login',
    },
  ])('is not listened to when its names have no end, $when', async ({ patterns, told }) => {
    await using endless = await reading([
      capability,
      [
        'LIST',
        (tag, socket, command) => {
          if (!patterns.some((pattern) => command.endsWith(` ${pattern}`)))
            return `${tag} OK done\r\n`
          const line = `* LIST () "/" ${'x'.repeat(10_000)}\r\n`
          withoutEnd(socket, line.repeat(10))
          return `* NO ${tag}\r\n`
        },
      ],
    ])
    await expect(endless.opening).rejects.toThrow(`127.0.0.1: ${told}`)
    expect(endless.pauses).toEqual([])
  })

  it('may tell no annotations, or tell them without end, or later', async () => {
    let asked = 0
    await using broken = await reading([
      ['CAPABILITY', (tag) => `* CAPABILITY IMAP4rev1 METADATA ACL\r\n${tag} OK done\r\n`],
      list,
      ['GETACL', (tag) => `${tag} NO [NOPERM] not yours\r\n`],
      [
        'GETMETADATA',
        (tag, socket) => {
          asked++
          if (asked === 1) return `${tag} NO [THROTTLED] slow\r\n`
          if (asked === 2) {
            const told =
              '/private/comment "mine" /shared/comment NIL /private/vendor/cmu/x/expire "30"'
            return `* METADATA INBOX (${told})\r\n${tag} OK done\r\n`
          }
          const line = `* METADATA INBOX (/private/a "${'x'.repeat(100_000)}")\r\n`
          withoutEnd(socket, line)
          return ''
        },
      ],
    ])
    const source = await broken.opening
    const inbox = must((await source.folders())[0])
    const [comment, ...others] = (await source.annotations?.(inbox)) ?? []
    expect([comment?.entry, comment && Buffer.from(comment.value).toString(), others]).toEqual([
      '/private/comment',
      'mine',
      [],
    ])
    expect(broken.pauses).toEqual([THROTTLED_PAUSES_MS[0]])
    expect(await source.annotations?.(inbox)).toEqual([])
    expect(await source.rights?.(inbox)).toEqual([])
    expect(source.notes().map(({ reason }) => reason)).toEqual([
      '/private/vendor/cmu/x/expire is a setting of that server, and not brought',
      '127.0.0.1: more than 8 MB for its annotations',
      'the server does not tell what others may do there',
    ])
    await source.close()
  })

  it('is told from one that refuses the login', async () => {
    await using refusing = await reading([
      capability,
      ['LOGIN', (tag) => `${tag} NO [AUTHENTICATIONFAILED] wrong\r\n`],
      ['AUTHENTICATE', (tag) => `${tag} NO [AUTHENTICATIONFAILED] wrong\r\n`],
    ])
    await expect(refusing.opening).rejects.toThrow(SourceFailure)
    expect(refusing.pauses).toEqual([])
  })
})
