// Sessions of SMTP, IMAP and POP3 as nobody would hold them: lines of the grammars put together by chance, then spoiled.

import { mutated } from './mutate.ts'
import type { Random } from './random.ts'

export type Service = 'smtp' | 'imap' | 'pop3'
export type Dialogue = { readonly service: Service; readonly bytes: Buffer }
export type Login = { readonly address: string; readonly password: string }

export function dialogue(random: Random, login: Login, messages: readonly Buffer[]): Dialogue {
  const service = random.one(['smtp', 'imap', 'imap', 'imap', 'pop3'] as const)
  const make = { smtp: smtpLine, imap: imapLine, pop3: pop3Line }[service]
  const lines = Array.from({ length: 1 + random.below(25) }, () => {
    const line = make(random, login, messages)
    return random.onceIn(3) ? mutated(line, random) : line
  })
  return { service, bytes: Buffer.concat([...beginning(service, random, login), ...lines]) }
}

function beginning(service: Service, random: Random, { address, password }: Login): Buffer[] {
  if (random.onceIn(8)) return []
  const text = {
    smtp: 'EHLO fuzz.test\r\n',
    imap: `l LOGIN ${address} ${password}\r\n${random.onceIn(3) ? 's EXAMINE INBOX\r\n' : 's SELECT INBOX\r\n'}`,
    pop3: `USER ${address}\r\nPASS ${password}\r\n`,
  }[service]
  return [Buffer.from(text)]
}

// ------------------------------------------------------------------------------------------- SMTP

const mailParameters = [
  ' SIZE=10',
  ' BODY=8BITMIME',
  ' SMTPUTF8',
  ' RET=HDRS',
  ' ENVID=a+41',
  ' AUTH=<>',
  ' X=y',
  ' =',
  ' MT-PRIORITY=3',
]
const rcptParameters = [
  ' NOTIFY=NEVER',
  ' NOTIFY=SUCCESS,DELAY',
  ' ORCPT=rfc822;a+40b',
  ' X',
  ' ORCPT=',
]

function smtpLine(random: Random, { address }: Login, messages: readonly Buffer[]): Buffer {
  const path = () =>
    random.one([
      address,
      '',
      'a@remote.test',
      'postmaster',
      '"a b"@example.test',
      '@a,@b:c@d',
      'ü@example.test',
      'a@[127.0.0.1]',
      'a@[IPv6:::1]',
      `${'a'.repeat(300)}@b`,
      'bob@example.test',
    ])
  const message = random.one(messages)
  return Buffer.concat(
    random
      .one([
        () => [`MAIL FROM:<${path()}>${random.some(mailParameters, 3).join('')}\r\n`],
        () => [`RCPT TO:<${path()}>${random.some(rcptParameters, 3).join('')}\r\n`],
        () => [
          `MAIL FROM:<a@b.test>\r\nRCPT TO:<${address}>\r\nBDAT ${message.length} LAST\r\n`,
          message,
        ],
        () => [
          `BDAT ${random.below(40)}${random.one(['', ' LAST', ' last'])}\r\n`,
          message.subarray(0, 20),
        ],
        () => ['DATA\r\n', message, '\r\n.\r\n'],
        () => [
          random.one([
            'RSET',
            'NOOP x',
            'HELP',
            'VRFY a',
            'EXPN a',
            'HELO a',
            'EHLO [1]',
            'AUTH PLAIN =',
            'AUTH LOGIN',
            'AUTH SCRAM-SHA-256 biws',
            'STARTTLS',
            'ETRN',
            '*',
            'GET / HTTP/1.1',
          ]),
          '\r\n',
        ],
      ])()
      .map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  )
}

// ------------------------------------------------------------------------------------------- IMAP

const sets = ['1', '1:*', '*', '*:1', '2,1,3:2', '$', '4294967295', '1:4294967295', '0', '1,1,1']
const names = [
  'INBOX',
  'inbox',
  'Sent',
  '"a b"',
  'a/b/c',
  '&AOk-',
  '{3+}\r\na&b',
  '""',
  '%',
  '*',
  'x'.repeat(300),
  'Trash',
  'né',
]
const atts = [
  'FLAGS',
  'UID',
  'INTERNALDATE',
  'RFC822.SIZE',
  'RFC822',
  'RFC822.HEADER',
  'RFC822.TEXT',
  'ENVELOPE',
  'BODY',
  'BODYSTRUCTURE',
  'BODY[]',
  'BODY.PEEK[1]',
  'BODY[1.MIME]',
  'BODY.PEEK[1.2.3.HEADER]',
  'BODY.PEEK[HEADER.FIELDS (From To)]',
  'BODY.PEEK[2.HEADER.FIELDS.NOT (A)]',
  'BODY.PEEK[TEXT]<3.20>',
  'BINARY.PEEK[1]',
  'BINARY.SIZE[2]',
  'BINARY[]<0.10>',
  'PREVIEW',
  'PREVIEW (LAZY)',
  'MODSEQ',
  'EMAILID',
  'THREADID',
  'SAVEDATE',
  'FULL',
  'ALL',
  'FAST',
]
const keys = [
  'ALL',
  'SEEN',
  'UNSEEN',
  'DELETED',
  'FROM a',
  'SUBJECT "é"',
  'TEXT b',
  'BODY {1+}\r\na',
  'HEADER X ""',
  'HEADER Message-ID a',
  'SINCE 1-Jan-2020',
  'SENTBEFORE 32-Foo-2020',
  'LARGER 10',
  'SMALLER 99999999999',
  'UID 1:*',
  '1:*',
  '$',
  'NOT ALL',
  'OR ALL SEEN',
  '(ALL (SEEN))',
  'MODSEQ 1',
  'MODSEQ "/flags/\\\\Seen" all 1',
  'OLDER 1',
  'YOUNGER 4294967295',
  'KEYWORD a',
  'EMAILID a',
  'SAVEDBEFORE 1-Jan-2030',
  'FUZZY SUBJECT a',
  'SAVEDATESUPPORTED',
  'BCC ""',
]
const returns = [
  '',
  'RETURN () ',
  'RETURN (ALL) ',
  'RETURN (MIN MAX COUNT) ',
  'RETURN (SAVE) ',
  'RETURN (PARTIAL 1:2) ',
  'RETURN (PARTIAL -1:-2 ALL) ',
  'RETURN (UPDATE) ',
]
const sorts = [
  'ARRIVAL',
  'CC',
  'DATE',
  'FROM',
  'REVERSE SUBJECT',
  'SIZE',
  'TO',
  'DISPLAYFROM',
  'DISPLAYTO',
]
const plain = [
  'NOOP',
  'CHECK',
  'CAPABILITY',
  'CLOSE',
  'UNSELECT',
  'EXPUNGE',
  'NAMESPACE',
  'IDLE\r\nDONE',
  'ENABLE CONDSTORE QRESYNC',
  'ENABLE IMAP4rev2',
  'ENABLE UTF8=ACCEPT',
  'ENABLE UIDONLY',
  'ID NIL',
  'ID ("name" "x")',
  'NOTIFY NONE',
  'NOTIFY SET STATUS (SELECTED (MessageNew (UID) MessageExpunge FlagChange)) (PERSONAL (MailboxName))',
  'COMPRESS DEFLATE',
  'GETQUOTA ""',
  'GETQUOTAROOT INBOX',
  'SETQUOTA "" (STORAGE 1)',
  'LSUB "" *',
  'LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES) CHILDREN)',
  'LIST "" (* %) RETURN (SPECIAL-USE METADATA (/private/comment))',
  'GETMETADATA (DEPTH infinity) INBOX /private',
  'SETMETADATA INBOX (/private/comment {1+}\r\na)',
  'SETMETADATA "" (/shared/a NIL)',
  'AUTHENTICATE PLAIN =',
  'STARTTLS',
  'UNAUTHENTICATE',
  'CANCELUPDATE "x"',
  'ESEARCH IN (personal) RETURN (ALL) ALL',
  'GETACL INBOX',
  'UID EXPUNGE 1:*',
  'GETJMAPACCESS',
]

function imapLine(random: Random, _: Login, messages: readonly Buffer[]): Buffer {
  const uid = random.onceIn(3) ? 'UID ' : ''
  const set = random.one(sets)
  const name = random.one(names)
  const search = random.some(keys, 3).join(' ') || 'ALL'
  const message = random.one(messages)
  const literal = (bytes: Buffer) => [` ${random.one(['', '~'])}{${bytes.length}+}\r\n`, bytes]
  const pieces = random.one<() => (string | Buffer)[]>([
    () => [
      `${uid}FETCH ${set} (${random.some(atts, 5).join(' ') || 'UID'})${random.one(['', '', ' (CHANGEDSINCE 1)', ' (CHANGEDSINCE 1 VANISHED)', ' (PARTIAL 1:2)'])}`,
    ],
    () => [`${uid}FETCH ${set} (${random.some(atts, 5).join(' ') || 'UID'})`],
    () => [
      `${uid}SEARCH ${random.one(returns)}${random.one(['', '', 'CHARSET UTF-8 ', 'CHARSET x '])}${search}`,
    ],
    () => [
      `${uid}SORT ${random.one(returns)}(${random.some(sorts, 3).join(' ') || 'DATE'}) UTF-8 ${search}`,
    ],
    () => [`${uid}THREAD ${random.one(['REFERENCES', 'ORDEREDSUBJECT'])} UTF-8 ${search}`],
    () => [
      `${uid}STORE ${set} ${random.one(['', '(UNCHANGEDSINCE 1) '])}${random.one(['', '+', '-'])}FLAGS${random.one(['', '.SILENT'])} ${random.one(['()', '(\\Seen)', '\\Deleted a $Junk', '(\\Recent)'])}`,
    ],
    () => [`${uid}${random.one(['COPY', 'MOVE'])} ${set} ${name}`],
    () => [
      `${random.one(['CREATE', 'DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE', 'SELECT', 'EXAMINE'])} ${name}${random.one(['', '', ' (QRESYNC (1 1 1:*))', ' (CONDSTORE)', ' (USE (\\Archive))'])}`,
    ],
    () => [`RENAME ${name} ${random.one(names)}`],
    () => [
      `STATUS ${name} (${random.some(['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN', 'SIZE', 'HIGHESTMODSEQ', 'DELETED', 'MAILBOXID'], 4).join(' ') || 'RECENT'})`,
    ],
    () => [
      `APPEND ${random.one(['INBOX', 'INBOX', name])}${random.one(['', ' (\\Seen a)', ' "20-Nov-2026 10:00:00 +0000"'])}`,
      ...literal(message),
      ...(random.onceIn(5) ? literal(message) : []),
    ],
    () => [
      `APPEND INBOX CATENATE (URL "/INBOX/;UID=1" TEXT`,
      ...literal(message.subarray(0, 50)),
      ')',
    ],
    () => [`${uid}REPLACE 1 INBOX`, ...literal(message)],
    () => [random.one(plain)],
  ])()
  return Buffer.concat(
    ['a ', ...pieces, '\r\n'].map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece) : piece,
    ),
  )
}

// ------------------------------------------------------------------------------------------- POP3

function pop3Line(random: Random, { address, password }: Login): Buffer {
  const number = random.one(['1', '2', '0', '99', '-1', '', 'x', '4294967296'])
  return Buffer.from(
    `${random.one([
      'STAT',
      `LIST ${number}`,
      'LIST',
      'UIDL',
      `UIDL ${number}`,
      `RETR ${number}`,
      `TOP ${number} ${random.below(5)}`,
      `DELE ${number}`,
      'NOOP',
      'RSET',
      'CAPA',
      'UTF8',
      'LANG',
      'AUTH',
      'AUTH PLAIN',
      'AUTH PLAIN =',
      'APOP a b',
      'STLS',
      `USER ${address}`,
      `PASS ${password}`,
      'QUIT',
      '*',
    ])}\r\n`,
  )
}
