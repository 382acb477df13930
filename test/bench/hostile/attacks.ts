// What a stranger or a user of bad will sends, command by command, in a size that grows. Each is one connection's bytes from after
// the login to the goodbye; the answers are read and thrown away.

import { deflateRawSync } from 'node:zlib'
import { commands as imapCommands } from '#services/imap/commands/index.ts'
import { commands as pop3Commands } from '#services/pop3/commands/index.ts'
import { commands as smtpCommands } from '#services/smtp/commands/index.ts'

export type Attack = {
  readonly name: string
  readonly service: 'smtp' | 'imap' | 'pop3'
  /** Done at this size and at four times it; what it counts is said in the name. */
  readonly size: number
  /** IMAP commands of the attacker's account, done before and not measured. */
  readonly before?: (size: number) => Script
  readonly script: (size: number, account: string) => Script
}

/** Pieces that are sent one after the other. */
export type Script = Iterable<Buffer | string>

/** Whose recipients and folders there are many of: see world.ts. */
export const bombAlias = 'bomb'
export const BOMB_TARGETS = 900
export const manyFolders = (size: number) => `folders-${size}`
export const FOLDERS = 1_000

const range = (count: number) => Array.from({ length: count }, (_, n) => n)

// ------------------------------------------------------------------------------------------- SMTP

const greeting = 'EHLO attacker.test\r\n'
const begun = (to: string) => `${greeting}MAIL FROM:<a@remote.test>\r\nRCPT TO:<${to}>\r\n`
const bdat = (message: Buffer) => [`BDAT ${message.length} LAST\r\n`, message]

const smtp: readonly Attack[] = [
  {
    name: 'NOOP and n blanks, 100 lines',
    service: 'smtp',
    size: 3_000,
    script: (n) => [...range(100).map(() => `NOOP${' '.repeat(n)}x \r\n`), 'QUIT\r\n'],
  },
  {
    name: 'n pipelined RCPT',
    service: 'smtp',
    size: 250,
    script: (n, account) => [
      begun(account),
      ...range(n).map((i) => `RCPT TO:<${account.replace('@', `+${i}@`)}>\r\n`),
      'QUIT\r\n',
    ],
  },
  {
    name: 'n pipelined RCPT of nobody',
    service: 'smtp',
    size: 250,
    script: (n, account) => [
      begun(account),
      ...range(n).map((i) => `RCPT TO:<nobody${i}@example.test>\r\n`),
      'QUIT\r\n',
    ],
  },
  {
    name: '300 RCPT for an account with n folders',
    service: 'smtp',
    size: FOLDERS,
    script: (n) => [
      begun(`${manyFolders(n)}@example.test`),
      ...range(300).map((i) => `RCPT TO:<${manyFolders(n)}+${i}@example.test>\r\n`),
      'QUIT\r\n',
    ],
  },
  {
    name: 'n times BDAT 0',
    service: 'smtp',
    size: 5_000,
    script: (n, account) => [begun(account), 'BDAT 0\r\n'.repeat(n), 'QUIT\r\n'],
  },
  {
    name: 'n times MAIL and RSET',
    service: 'smtp',
    size: 2_500,
    script: (n) => [greeting, 'MAIL FROM:<a@b.test>\r\nRSET\r\n'.repeat(n), 'QUIT\r\n'],
  },
  {
    name: 'n messages of one byte',
    service: 'smtp',
    size: 100,
    script: (n, account) => [
      greeting,
      ...range(n).map(() => `MAIL FROM:<a@b.test>\r\nRCPT TO:<${account}>\r\nBDAT 3 LAST\r\na\r\n`),
      'QUIT\r\n',
    ],
  },
  {
    name: `one message to n extensions of an alias with ${BOMB_TARGETS} targets`,
    service: 'smtp',
    size: 150,
    script: (n) => [
      begun(`${bombAlias}@example.test`),
      ...range(n).map((i) => `RCPT TO:<${bombAlias}+${i}@example.test>\r\n`),
      'BDAT 17 LAST\r\nSubject: bomb\r\n\r\n',
      'QUIT\r\n',
    ],
  },
  ...messageAttack('a header of n lines without a colon', 250_000, (n) => 'a\r\n'.repeat(n)),
  ...messageAttack(
    'an address list of n comments',
    20_000,
    (n) => `To: ${'(a)'.repeat(n)}\r\n\r\n`,
  ),
  ...messageAttack(
    'n parts',
    25_000,
    (n) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n'.repeat(n)}`,
  ),
  ...messageAttack('n bytes in lines of dots', 1_000_000, (n) => '\r\n'.padEnd(n, '.\r\n')),
  ...garbage('smtp', [...smtpCommands.keys()], (verb, words) => `${verb} ${words}\r\n`, [
    greeting,
    'MAIL FROM:<a@b.test>\r\n',
  ]),
]

function messageAttack(name: string, size: number, make: (size: number) => string): Attack[] {
  return [
    {
      name: `a message with ${name}`,
      service: 'smtp',
      size,
      script: (n, account) => [begun(account), ...bdat(Buffer.from(make(n))), 'QUIT\r\n'],
    },
  ]
}

// ------------------------------------------------------------------------------------------- IMAP

const literal = (bytes: string | Buffer) => [`{${Buffer.byteLength(bytes)}+}\r\n`, bytes]
const logout = 'z LOGOUT\r\n'

function* appended(messages: Iterable<string>): Script {
  for (const message of messages) yield* ['a APPEND INBOX ', ...literal(message), '\r\n']
  yield logout
}

/** A quarter of the messages make one long chain; each link of the others would make it a ring and is looked for up to its root. */
function chain(count: number): string[] {
  const links = (count / 4) * 999
  return range(count).map((i) => {
    const ids = range(1_000).map((k) => {
      const place = i < count / 4 ? i * 999 + k : k % 2 === 0 ? links - k : 0
      return `<${place}@c>`
    })
    return `Message-ID: <own${i}@c>\r\nSubject: s\r\nReferences: ${ids.join(' ')}\r\n\r\n`
  })
}

const selected = 'a SELECT INBOX\r\n'

/** Small ones, 200 a command. */
function* manyMessages(count: number): Script {
  for (let left = count; left > 0; left -= 200) {
    yield `a APPEND INBOX${' {8+}\r\na: b\r\n\r\n'.repeat(Math.min(200, left))}\r\n`
  }
}

const imap: readonly Attack[] = [
  {
    name: 'LIST of n times &',
    service: 'imap',
    size: 30_000,
    script: (n) => ['a LIST "" ', ...literal('&'.repeat(n)), '\r\n', logout],
  },
  {
    name: 'BODY[HEADER.FIELDS] of n lines without a colon',
    service: 'imap',
    size: 75_000,
    before: (n) => appended(['a\r\n'.repeat(n)]),
    script: () => [selected, 'a FETCH 1 (BODY.PEEK[HEADER.FIELDS (FROM)])\r\n', logout],
  },
  {
    name: 'n HEADER.FIELDS.NOT of a header of 500 KB',
    service: 'imap',
    size: 50,
    before: () => appended([`X: ${'x'.repeat(500)}\r\n`.repeat(1_000)]),
    script: (n) => [
      selected,
      `a FETCH 1 (${range(n)
        .map((i) => `BODY.PEEK[HEADER.FIELDS.NOT (X${i})]`)
        .join(' ')})\r\n`,
      logout,
    ],
  },
  {
    name: 'THREAD REFERENCES of n messages with 1,000 ids',
    service: 'imap',
    size: 20,
    before: (n) => appended(chain(n)),
    script: () => [selected, 'a THREAD REFERENCES UTF-8 ALL\r\n', logout],
  },
  {
    name: 'SORT by 20 times FROM, n messages of 180 KB',
    service: 'imap',
    size: 10,
    before: (n) => appended(range(n).map(() => `From: ${'\uFDFA'.repeat(60_000)}@b\r\n\r\n`)),
    script: () => [
      selected,
      `a SORT (${range(20)
        .map(() => 'FROM')
        .join(' ')}) UTF-8 ALL\r\n`,
      logout,
    ],
  },
  {
    name: 'SEARCH with n keys, 100 messages',
    service: 'imap',
    size: 1_000,
    before: () => appended(range(100).map((i) => `Subject: ${i}\r\n\r\n`)),
    script: (n) => [
      selected,
      `a SEARCH ${range(n - 10)
        .map((i) => `NOT SUBJECT x${i}`)
        .join(' ')
        .slice(0, 65_000)}\r\n`,
      logout,
    ],
  },
  {
    name: 'SEARCH BODY for n bytes in 1 MB of a',
    service: 'imap',
    size: 32_000,
    before: () => appended([`Subject: a\r\n\r\n${'a'.repeat(1_000_000)}`]),
    script: (n) => [
      selected,
      'a SEARCH BODY ',
      ...literal(`${'a'.repeat(n / 2)}b${'a'.repeat(n / 2)}`),
      '\r\n',
      logout,
    ],
  },
  {
    name: 'n bytes of < > in PREVIEW',
    service: 'imap',
    size: 8_000,
    before: (n) => appended([`Content-Type: text/html\r\n\r\n${'<>'.repeat(n / 2)}`]),
    script: () => [selected, ...range(20).map(() => 'a FETCH 1 (PREVIEW)\r\n'), logout],
  },
  {
    name: 'n pipelined NOOP',
    service: 'imap',
    size: 5_000,
    script: (n) => [selected, 'a NOOP\r\n'.repeat(n), logout],
  },
  {
    name: 'n pipelined STATUS',
    service: 'imap',
    size: 500,
    script: (n) => ['a STATUS INBOX (MESSAGES SIZE)\r\n'.repeat(n), logout],
  },
  {
    name: 'n pipelined FETCH',
    service: 'imap',
    size: 1_000,
    before: () => appended(['Subject: a\r\n\r\na\r\n']),
    script: (n) => [selected, 'a FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n'.repeat(n), logout],
  },
  {
    name: 'LIST with 100 patterns of 10 wildcards, n folders',
    service: 'imap',
    size: 50,
    before: (n) => [...range(n).map((i) => `a CREATE ${'a'.repeat(200)}${i}\r\n`), logout],
    script: () => [
      `a LIST "" (${range(100)
        .map(() => '*a'.repeat(10))
        .join(' ')})\r\n`,
      logout,
    ],
  },
  {
    name: 'a sequence set of n ranges, 1,000 messages',
    service: 'imap',
    size: 4_000,
    before: () => [
      ...range(5).flatMap(() => [
        'a APPEND INBOX ',
        ...range(200)
          .flatMap(() => [' ', ...literal('a: b\r\n\r\n')])
          .slice(1),
        '\r\n',
      ]),
      logout,
    ],
    script: (n) => [selected, `a FETCH ${'1:*,'.repeat(n)}1 (FLAGS)\r\n`, logout],
  },
  {
    name: 'n pipelined ID of 30 fields',
    service: 'imap',
    size: 100,
    script: (n) => [
      `a ID (${range(30)
        .map((i) => `"field${i}" "${'x'.repeat(1_000)}"`)
        .join(' ')})\r\n`.repeat(n),
      logout,
    ],
  },
  {
    name: 'n entries of METADATA asked of 50 folders',
    service: 'imap',
    size: 900,
    before: () => [
      ...range(50).map((i) => `a CREATE m${i}\r\n`),
      ...range(50).map(
        (i) =>
          `a SETMETADATA m${i} (${range(50)
            .map((k) => `/private/e${k} x`)
            .join(' ')})\r\n`,
      ),
      logout,
    ],
    script: (n) => [
      `a LIST "" * RETURN (METADATA (DEPTH infinity) (${range(n)
        .map((i) => `/private/${i}`)
        .join(' ')}))\r\n`,
      `a LIST "" * RETURN (STATUS (MESSAGES DELETED-STORAGE))\r\n`.repeat(n / 10),
      logout,
    ],
  },
  {
    name: 'NOTIFY n times for 200 folders',
    service: 'imap',
    size: 25,
    before: () => [...range(200).map((i) => `a CREATE n/f${i}\r\n`), logout],
    script: (n) => [
      'a NOTIFY SET STATUS (personal (MessageNew MessageExpunge FlagChange MailboxMetadataChange MailboxName SubscriptionChange))\r\n'.repeat(
        n,
      ),
      logout,
    ],
  },
  {
    name: 'NOTIFY of n mailboxes by name',
    service: 'imap',
    size: 1_000,
    script: (n) => [
      `a NOTIFY SET (mailboxes (${range(n)
        .map((i) => `a/b/${i}`)
        .join(' ')}) (MessageNew MessageExpunge))\r\n`.repeat(5),
      `a NOTIFY SET (subtree (${range(n)
        .map((i) => `a/b/${i}`)
        .join(' ')}) (MessageNew MessageExpunge))\r\n`.repeat(5),
      logout,
    ],
  },
  {
    name: 'ESEARCH in 100 mailboxes, n keys',
    service: 'imap',
    size: 500,
    before: () => [...range(100).map((i) => `a CREATE s${i}\r\n`), logout],
    script: (n) => [
      `a ESEARCH IN (personal) RETURN (ALL COUNT) ${'NOT SEEN '.repeat(n)}ALL\r\n`.repeat(5),
      logout,
    ],
  },
  {
    name: 'QRESYNC with n known uids, 5,000 messages',
    service: 'imap',
    size: 2_000,
    before: () => [...manyMessages(5_000), logout],
    script: (n) => {
      const known = range(n)
        .map((i) => 2 * i + 1)
        .join()
      return [
        'a ENABLE QRESYNC\r\n',
        ...range(10).flatMap(() => [
          `a SELECT INBOX (QRESYNC (1 1 ${known} (${known} ${known})))\r\n`,
          'a STATUS INBOX (UIDVALIDITY)\r\n',
        ]),
        `a UID FETCH ${known} (FLAGS) (CHANGEDSINCE 1 VANISHED)\r\n`,
        logout,
      ]
    },
  },
  {
    name: 'COPY, STORE and MOVE of n messages',
    service: 'imap',
    size: 5_000,
    before: (n) => [...manyMessages(n), 'a CREATE copies\r\n', logout],
    script: () => [
      selected,
      'a COPY 1:* copies\r\n',
      'a STORE 1:* +FLAGS (x)\r\n',
      'a UID SEARCH RETURN (SAVE) ALL\r\n',
      'a UID FETCH $ (FLAGS)\r\n',
      'a MOVE 1:* copies\r\n',
      'a SELECT copies\r\n',
      'a MOVE 1:* INBOX\r\n',
      logout,
    ],
  },
  {
    name: 'a chain of n multiparts, asked for in every way',
    service: 'imap',
    size: 2_500,
    before: (n) =>
      appended([
        range(n)
          .map((i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`)
          .join(''),
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\n'.repeat(n)}`,
        `Content-Type: multipart/alternative; boundary=b\r\n\r\n${'--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n'.repeat(n)}`,
        `Content-Type: text/plain; charset=utf-7${'; a*0*=%41'.repeat(n)}\r\nSubject: ${'=?utf-7?q?+AGE?='.repeat(n)}\r\nTo: ${'a@b,'.repeat(n)}\r\nReferences: ${'<a@b>'.repeat(n)}\r\nDate: ${'('.repeat(n)}\r\n\r\n`,
      ]),
    script: () => [
      selected,
      'a FETCH 1:* (ENVELOPE BODYSTRUCTURE PREVIEW BINARY.SIZE[1] BODY.PEEK[1.1.1.1.1.1.1.1.1.1.MIME] BODY.PEEK[1.TEXT]<0.1000>)\r\n'.repeat(
        5,
      ),
      `a FETCH 1:* (${range(500)
        .map((i) => `BINARY.PEEK[${i + 1}] BODY.PEEK[${i + 1}.MIME]`)
        .join(' ')})\r\n`,
      'a SEARCH TEXT "needle" BODY "other" HEADER TO x FROM x SUBJECT y SENTSINCE 1-Jan-2020\r\n'.repeat(
        5,
      ),
      'a SORT (SUBJECT FROM TO CC DATE DISPLAYFROM DISPLAYTO SIZE) UTF-8 ALL\r\n'.repeat(5),
      'a THREAD REFERENCES UTF-8 ALL\r\na THREAD ORDEREDSUBJECT UTF-8 ALL\r\n'.repeat(5),
      logout,
    ],
  },
  {
    name: 'CATENATE of n parts',
    service: 'imap',
    size: 500,
    before: () => appended([`Subject: a\r\n\r\n${'x'.repeat(100_000)}`]),
    script: (n) => [
      selected,
      `a APPEND INBOX CATENATE (${'URL "/INBOX/;UID=1/;SECTION=TEXT" '.repeat(n)}TEXT {1+}\r\na)\r\n`,
      `a APPEND INBOX CATENATE (${'URL "/INBOX/;UID=1/;SECTION=HEADER" '.repeat(n)}TEXT {1+}\r\na)\r\n`,
      `a APPEND INBOX CATENATE (${'TEXT {1+}\r\na '.repeat(n)}TEXT {1+}\r\na)\r\n`,
      logout,
    ],
  },
  {
    name: 'n MB of zeros through DEFLATE, as a line and as a literal',
    service: 'imap',
    size: 20,
    script: (n) => {
      const zeros = Buffer.alloc(n * 1_000_000)
      const input = ['a X', zeros, '\r\na APPEND nosuch ', ...literal(zeros), `\r\n${logout}`]
      return [
        'a COMPRESS DEFLATE\r\n',
        deflateRawSync(Buffer.concat(input.map((piece) => Buffer.from(piece)))),
      ]
    },
  },
  ...garbage('imap', [...imapCommands.keys()], (name, words) => `a ${name} ${words}\r\n`, [
    selected,
  ]),
]

// ------------------------------------------------------------------------------------------- POP3

const pop3: readonly Attack[] = [
  {
    name: 'n pipelined NOOP',
    service: 'pop3',
    size: 5_000,
    script: (n) => ['NOOP\r\n'.repeat(n), 'QUIT\r\n'],
  },
  {
    name: 'n pipelined LIST of 1,000 messages',
    service: 'pop3',
    size: 50,
    before: () => [
      ...range(5).flatMap(() => [
        'a APPEND INBOX ',
        ...range(200)
          .flatMap(() => [' ', ...literal('a: b\r\n\r\n')])
          .slice(1),
        '\r\n',
      ]),
      logout,
    ],
    script: (n) => ['LIST\r\n'.repeat(n), 'QUIT\r\n'],
  },
  {
    name: 'n times RETR of 1 MB of dots',
    service: 'pop3',
    size: 5,
    before: () => appended([`a: b\r\n\r\n${'.\r\n'.repeat(300_000)}`]),
    script: (n) => ['RETR 1\r\n'.repeat(n), 'QUIT\r\n'],
  },
  {
    name: 'n times TOP of 1 MB with huge numbers',
    service: 'pop3',
    size: 5,
    before: () => appended([`a: b\r\n\r\n${'.\r\n'.repeat(300_000)}`]),
    script: (n) => [
      `TOP 1 999999999999999999999999\r\nTOP 1 4294967296\r\nTOP 1 0\r\nTOP ${'9'.repeat(200)} 1\r\n`.repeat(
        n,
      ),
      'QUIT\r\n',
    ],
  },
  ...garbage('pop3', [...pop3Commands.keys()], (name, words) => `${name} ${words}\r\n`, []),
]

/** Each command with n lines of nothing that it understands. */
function garbage(
  service: Attack['service'],
  verbs: readonly string[],
  command: (verb: string, words: string) => string,
  first: Script,
): Attack[] {
  const words = ['(', ' ', '"', '\\', '<', '&', '{', '=?', ':', ',', '*'].map((unit) =>
    unit.repeat(service === 'pop3' ? 200 : 1_900),
  )
  // These end the connection or its readable part.
  const silent = new Set([
    'QUIT',
    'LOGOUT',
    'STARTTLS',
    'STLS',
    'COMPRESS',
    'IDLE',
    'UNAUTHENTICATE',
  ])
  return [
    {
      name: 'n times every command with what it does not understand',
      service,
      size: 5,
      *script(n) {
        yield* first
        for (const verb of verbs) {
          if (silent.has(verb)) continue
          for (let i = 0; i < n; i++) for (const text of words) yield command(verb, text)
        }
        yield service === 'imap' ? logout : 'QUIT\r\n'
      },
    },
  ]
}

export const attacks: readonly Attack[] = [...smtp, ...imap, ...pop3]
