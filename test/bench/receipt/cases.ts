// What is sent to both servers: about three hundred messages and envelopes as real senders, broken senders and strangers write them.

export type Case = {
  readonly group: string
  readonly name: string
  /** Where the client comes from: outside, or a network that may relay. */
  readonly from: 'outside' | 'mynetworks'
  readonly hello: string
  /** After `MAIL FROM:`. */
  readonly sender: string
  /** After `RCPT TO:`, one each. */
  readonly recipients: readonly string[]
  /** Byte string with CR LF, not yet dot-stuffed. */
  readonly message: string
}

export const DOMAIN = 'cmp.test'
export const CATCH_ALL_DOMAIN = 'catch.test'
export const HOST = `mx.${DOMAIN}`
export const USER = `user@${DOMAIN}`
export const ALIAS = `alias@${DOMAIN}`

const SENDER = '<sender@far.example>'
const RECIPIENT = `<${USER}>`
const DATE = 'Date: Mon, 1 Jan 2024 10:00:00 +0100\r\n'
const FROM = 'From: Sender <sender@far.example>\r\n'
const TO = `To: ${USER}\r\n`
const ID = 'Message-ID: <case@far.example>\r\n'
const HEADER = `${DATE}${FROM}${TO}${ID}Subject: case\r\n`
const PLAIN = `${HEADER}\r\nbody\r\n`

type Given = Partial<Omit<Case, 'group' | 'name'>>

function group(name: string, given: Readonly<Record<string, Given>>): readonly Case[] {
  return Object.entries(given).map(([caseName, parts]) => ({
    group: name,
    name: caseName,
    from: 'outside',
    hello: 'EHLO client.far.example',
    sender: SENDER,
    recipients: [RECIPIENT],
    message: PLAIN,
    ...parts,
  }))
}

/** The same from a stranger and from a network of ours, where Postfix treats headers differently. */
function fromBoth(name: string, messages: Readonly<Record<string, string>>): readonly Case[] {
  return (['outside', 'mynetworks'] as const).flatMap((from) =>
    group(
      `${name}, ${from}`,
      Object.fromEntries(
        Object.entries(messages).map(([key, message]) => [key, { from, message }]),
      ),
    ),
  )
}

const each = (values: readonly string[], given: (value: string) => Given) =>
  Object.fromEntries(values.map((value) => [JSON.stringify(shortened(value)), given(value)]))

const shortened = (text: string) =>
  text.length <= 60 ? text : `${text.slice(0, 40)}… (${text.length})`

const long = (length: number, letter = 'x') => letter.repeat(length)
const utf8 = (text: string) => Buffer.from(text).toString('latin1')

const senders = each(
  [
    '<>',
    '<a@far.example>',
    'a@far.example',
    ' <a@far.example>',
    '<A.B@FAR.EXAMPLE>',
    `<${long(64)}@far.example>`,
    `<${long(65)}@far.example>`,
    `<${long(200)}@far.example>`,
    `<bounces+${long(80)}=user=cmp.test@far.example>`,
    '<SRS0=HHH=TT=orig.example=user@far.example>',
    '<prvs=0123456789=user@far.example>',
    '<.a@far.example>',
    '<a.@far.example>',
    '<a..b@far.example>',
    '<""@far.example>',
    '<"a b"@far.example>',
    '<"a\\"b"@far.example>',
    '<"a"@far.example>',
    '<a@under_score.example>',
    '<a@-dash.example>',
    '<a@far.example.>',
    '<a@[192.0.2.1]>',
    '<a@[IPv6:2001:db8::1]>',
    '<a@192.0.2.1>',
    '<a@localhost>',
    '<a>',
    '<a@>',
    '<@far.example>',
    '<a@b@far.example>',
    '<@relay.example:a@far.example>',
    '<a%b@far.example>',
    '<host!user@far.example>',
    '<a/b=c@far.example>',
    "<o'brien@far.example>",
    '<a+b@far.example>',
    '<a@far..example>',
    `<a@${long(63)}.example>`,
    `<a@${long(64)}.example>`,
    `<a@${`${long(49)}.`.repeat(5)}example>`,
    '<a@far.example> SIZE=100',
    '<a@far.example> SIZE=99999999999',
    '<a@far.example> BODY=8BITMIME',
    '<a@far.example> BODY=7BIT',
    '<a@far.example> BODY=ODD',
    '<a@far.example> SMTPUTF8',
    '<a@far.example> RET=HDRS ENVID=x',
    '<a@far.example> ODD=1',
    '<a@far.example> AUTH=<>',
    '<a@far.example',
    'a@far.example>',
    '<a@far.example>x',
    `${utf8('<jürgen@far.example>')}`,
    `${utf8('<jürgen@far.example> SMTPUTF8')}`,
    `${utf8('<a@bücher.example> SMTPUTF8')}`,
    '<a@xn--bcher-kva.example>',
  ],
  (sender) => ({ sender }),
)

const recipients = each(
  [
    `<${USER}>`,
    USER,
    ` <${USER}>`,
    `<${USER.toUpperCase()}>`,
    `<"user"@${DOMAIN}>`,
    `<user+detail@${DOMAIN}>`,
    `<user+@${DOMAIN}>`,
    `<user+a+b@${DOMAIN}>`,
    `<${ALIAS}>`,
    `<alias+detail@${DOMAIN}>`,
    `<anything@${CATCH_ALL_DOMAIN}>`,
    `<user@${CATCH_ALL_DOMAIN}>`,
    `<nobody@${DOMAIN}>`,
    `<nobody+user@${DOMAIN}>`,
    '<a@elsewhere.example>',
    `<@relay.example:${USER}>`,
    `<user%${DOMAIN}@elsewhere.example>`,
    `<user%elsewhere.example@${DOMAIN}>`,
    `<elsewhere.example!user@${DOMAIN}>`,
    '<postmaster>',
    '<Postmaster>',
    `<postmaster@${DOMAIN}>`,
    `<POSTMASTER@${DOMAIN.toUpperCase()}>`,
    `<postmaster@${HOST}>`,
    '<postmaster@[127.0.0.1]>',
    `<abuse@${DOMAIN}>`,
    `<user@${HOST}>`,
    '<user@[127.0.0.1]>',
    '<user@[192.0.2.1]>',
    '<user>',
    '<>',
    '<@>',
    `<.user@${DOMAIN}>`,
    `<user.@${DOMAIN}>`,
    `<user@${DOMAIN}.>`,
    `<us er@${DOMAIN}>`,
    `<user@${DOMAIN}> NOTIFY=NEVER`,
    `<user@${DOMAIN}> ORCPT=rfc822;user@${DOMAIN}`,
    `<user@${DOMAIN}> ODD=1`,
    `<user@${DOMAIN}`,
    `<${long(64)}@${DOMAIN}>`,
    `<${long(65)}@${DOMAIN}>`,
    `<${long(65)}@${CATCH_ALL_DOMAIN}>`,
    utf8(`<üser@${DOMAIN}>`),
  ],
  (recipient) => ({ recipients: [recipient] }),
)

const several: Readonly<Record<string, Given>> = {
  'the same twice': { recipients: [RECIPIENT, RECIPIENT] },
  'in two cases': { recipients: [RECIPIENT, RECIPIENT.toUpperCase()] },
  'account and its alias': { recipients: [RECIPIENT, `<${ALIAS}>`] },
  'account and an extension': { recipients: [RECIPIENT, `<user+x@${DOMAIN}>`] },
  'account and an unknown one': { recipients: [RECIPIENT, `<nobody@${DOMAIN}>`] },
  'account and elsewhere': { recipients: [RECIPIENT, '<a@elsewhere.example>'] },
  'two of the catch-all': { recipients: [`<a@${CATCH_ALL_DOMAIN}>`, `<b@${CATCH_ALL_DOMAIN}>`] },
}

const hellos = each(
  [
    'HELO client.far.example',
    'HELO client',
    'EHLO client',
    'EHLO localhost',
    'EHLO [192.0.2.7]',
    'EHLO [IPv6:2001:db8::7]',
    'EHLO [IPv6:fe80::1%en0]',
    'EHLO 192.0.2.7',
    "EHLO john's-pc",
    'EHLO (none)',
    'EHLO pc-',
    'EHLO -pc',
    'EHLO under_score.example',
    'EHLO a..b',
    'EHLO far.example.',
    utf8('EHLO Büro-PC'),
    `EHLO ${long(63)}.example`,
    `EHLO ${long(255)}`,
    'EHLO two words',
    'EHLO',
    'HELO',
    'EHLO  client.far.example',
    'EHLO client.far.example ',
    'EHLO <client>',
    'EHLO a"b',
    'EHLO a;b',
    'EHLO !',
    'EHLO [not an address]',
  ],
  (hello) => ({ hello }),
)

const without = (...fields: readonly string[]) =>
  `${[DATE, FROM, TO, ID, 'Subject: case\r\n'].filter((line) => !fields.some((name) => line.startsWith(`${name}:`))).join('')}\r\nbody\r\n`
const withFields = (fields: string) => `${HEADER}${fields}\r\nbody\r\n`

const fields: Readonly<Record<string, string>> = {
  'all there': PLAIN,
  'no Date': without('Date'),
  'no Message-ID': without('Message-ID'),
  'no From': without('From'),
  'no To': without('To'),
  'no Subject': without('Subject'),
  'no field at all': '\r\nbody\r\n',
  'From only': `${FROM}\r\nbody\r\n`,
  Bcc: withFields('Bcc: secret@blind.example\r\n'),
  'Bcc, folded': withFields('Bcc: secret@blind.example,\r\n other@blind.example\r\n'),
  'BCC in capitals': withFields('BCC: secret@blind.example\r\n'),
  'Bcc, blank before colon': withFields('Bcc : secret@blind.example\r\n'),
  'Resent-Bcc': withFields('Resent-Bcc: secret@blind.example\r\n'),
  'Return-Path': withFields('Return-Path: <forged@far.example>\r\n'),
  'Content-Length': withFields('Content-Length: 5\r\n'),
  'Content-Length first': `Content-Length: 5\r\n${PLAIN}`,
  'two Subjects': withFields('Subject: again\r\n'),
  'two Froms': withFields(FROM),
  'two Dates': withFields(DATE),
  'two Message-IDs': withFields('Message-ID: <other@far.example>\r\n'),
  'empty To': `${without('To').replace('\r\n\r\n', '\r\nTo: \r\n\r\n')}`,
  'From without domain': `${DATE}From: sender\r\n${TO}${ID}\r\nbody\r\n`,
  'To without domain': `${DATE}${FROM}To: user\r\n${ID}\r\nbody\r\n`,
  'Cc without domain, dotted': withFields('Cc: a.b, "x y"\r\n'),
  'old-style phrase': `${DATE}From: sender@far.example (Sender Name)\r\n${TO}${ID}\r\nbody\r\n`,
  'From with a bare host': `${DATE}From: sender@host\r\n${TO}${ID}\r\nbody\r\n`,
  'Delivered-To of a stranger': withFields('Delivered-To: someone@else.example\r\n'),
  'X-Original-To of a stranger': withFields('X-Original-To: someone@else.example\r\n'),
  'Apparently-To': withFields('Apparently-To: user\r\n'),
  'Errors-To': withFields('Errors-To: owner@far.example\r\n'),
  'Resent block': `Resent-From: <again@far.example>\r\nResent-To: ${USER}\r\nResent-Date: Tue, 2 Jan 2024 10:00:00 +0000\r\n${PLAIN}`,
  'Resent block, no date': `Resent-From: <again@far.example>\r\nResent-To: ${USER}\r\n${PLAIN}`,
  'Sender field': withFields('Sender: other@far.example\r\n'),
  Lines: withFields('Lines: 3\r\n'),
  Status: withFields('Status: RO\r\nX-Status: A\r\n'),
  'foreign Received': `Received: from a by b; Mon, 1 Jan 2024 09:00:00 +0000\r\n${PLAIN}`,
  '40 Received': `${'Received: from a by b; Mon, 1 Jan 2024 09:00:00 +0000\r\n'.repeat(40)}${PLAIN}`,
  '51 Received': `${'Received: from a by b; Mon, 1 Jan 2024 09:00:00 +0000\r\n'.repeat(51)}${PLAIN}`,
  'Reply-To without domain': withFields('Reply-To: desk\r\n'),
}

const headerSyntax: Readonly<Record<string, string>> = {
  'no empty line, text after field': `Subject: ups alarm\r\nThe battery is low.\r\nPlease look.\r\n`,
  'no empty line, text at once': 'The battery is low: act now.\r\n',
  'no empty line, one word': 'word\r\n',
  'no empty line, ends in header': HEADER,
  'text that looks like a field': `Subject: a\r\nThe battery: low\r\nlook\r\n`,
  'blank line of spaces': `${HEADER}   \r\nbody\r\n`,
  'blank line of a tab': `${HEADER}\t\r\nbody\r\n`,
  'first line is a continuation': ` folded\r\n${PLAIN}`,
  'blank before colon': `Subject : odd\r\n${FROM}\r\nbody\r\n`,
  'no blank after colon': `Subject:tight\r\n${FROM}\r\nbody\r\n`,
  'empty value': `Subject:\r\n${FROM}\r\nbody\r\n`,
  'colon first': `: value\r\n${FROM}\r\nbody\r\n`,
  'mbox From line': `From sender@far.example Mon Jan  1 10:00:00 2024\r\n${PLAIN}`,
  'mbox >From line': `>From sender@far.example Mon Jan  1 10:00:00 2024\r\n${PLAIN}`,
  'From line in the middle': `${FROM}From sender Mon Jan\r\nSubject: a\r\n\r\nbody\r\n`,
  'field name with blank': `Bad Name: value\r\n${PLAIN}`,
  'field name of 8-bit': `S\xfcbject: value\r\n${PLAIN}`,
  'field name of control bytes': `X\x01Y: value\r\n${PLAIN}`,
  '8-bit value': `Subject: Gr\xfc\xdfe\r\n${FROM}\r\nbody\r\n`,
  'UTF-8 value': `Subject: ${utf8('Grüße')}\r\n${FROM}\r\nbody\r\n`,
  'UTF-8 From': `From: ${utf8('Jürgen <jürgen@far.example>')}\r\n\r\nbody\r\n`,
  'NUL in value': `Subject: a\x00b\r\n${FROM}\r\nbody\r\n`,
  'NUL in body': `${HEADER}\r\na\x00b\r\n`,
  'a field of 998': `X-Long: ${long(990)}\r\n${PLAIN}`,
  'a field of 999': `X-Long: ${long(991)}\r\n${PLAIN}`,
  'a field of 2,100': `X-Long: ${long(2_092)}\r\n${PLAIN}`,
  'a field of 70,000': `X-Long: ${long(70_000)}\r\n${PLAIN}`,
  'a field of many folds': `X-Long: a\r\n${' b\r\n'.repeat(500)}${PLAIN}`,
  'a field of 120,000 in folds': `X-Long: a\r\n${` ${long(70)}\r\n`.repeat(1_700)}${PLAIN}`,
  'header of 300 fields': `${Array.from({ length: 300 }, (_, n) => `X-${n}: v\r\n`).join('')}${PLAIN}`,
}

const bodies: Readonly<Record<string, string>> = {
  empty: `${HEADER}\r\n`,
  'no message at all': '',
  'one empty line': '\r\n',
  'empty lines': `${HEADER}\r\n\r\n\r\n\r\n`,
  'dots at line starts': `${HEADER}\r\n.\r\n..\r\n...a\r\n.b\r\n`,
  'From at a line start': `${HEADER}\r\nFrom here on\r\n>From there\r\n`,
  'line of 998': `${HEADER}\r\n${long(998)}\r\n`,
  'line of 999': `${HEADER}\r\n${long(999)}\r\n`,
  'line of 5,000': `${HEADER}\r\n${long(5_000)}\r\n`,
  'line of 5,000 words': `${HEADER}\r\n${'word '.repeat(1_000)}\r\n`,
  'line of 100,000': `${HEADER}\r\n${long(100_000)}\r\n`,
  '8-bit undeclared': `${HEADER}\r\nGr\xfc\xdfe\r\n`,
  '8-bit declared': `${HEADER}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n`,
  '8-bit declared 7bit': `${HEADER}MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\n\r\nGr\xfc\xdfe\r\n`,
  'control bytes': `${HEADER}\r\n\x01\x02\x07\x08\x0b\x0c\x1b\x7f\r\n`,
  'bare CR': `${HEADER}\r\na\rb\r\n`,
  'bare LF': `${HEADER}\r\na\nb\r\n`,
  'bare LF in header': `Subject: a\n${FROM}\r\nbody\r\n`,
  'bare CR in header': `Subject: a\rX-Hidden: b\r\n${FROM}\r\nbody\r\n`,
  'trailing blanks': `${HEADER}\r\nbody  \t\r\n`,
  'form feed lines': `${HEADER}\r\n\x0c\r\nbody\r\n`,
}

const mime = (type: string, body: string, more = '') =>
  `${HEADER}MIME-Version: 1.0\r\nContent-Type: ${type}\r\n${more}\r\n${body}`

function nested(depth: number): string {
  let message = 'text\r\n'
  let type = 'text/plain'
  for (let level = 0; level < depth; level++) {
    message = `--b${level}\r\nContent-Type: ${type}\r\n\r\n${message}\r\n--b${level}--\r\n`
    type = `multipart/mixed; boundary=b${level}`
  }
  return mime(type, message)
}

const mimeMessages: Readonly<Record<string, string>> = {
  plain: mime('text/plain; charset=utf-8', 'text\r\n'),
  'no MIME-Version': `${HEADER}Content-Type: text/plain; charset=utf-8\r\n\r\ntext\r\n`,
  'MIME-Version 2.0': `${HEADER}MIME-Version: 2.0\r\nContent-Type: text/plain\r\n\r\ntext\r\n`,
  'unknown encoding': mime('text/plain', 'text\r\n', 'Content-Transfer-Encoding: x-odd\r\n'),
  'quoted encoding': mime('text/plain', 'dGV4dA==\r\n', 'Content-Transfer-Encoding: "base64"\r\n'),
  'multipart as base64': mime(
    'multipart/mixed; boundary=b',
    'LS1iDQo=\r\n',
    'Content-Transfer-Encoding: base64\r\n',
  ),
  'message/rfc822 as base64': mime(
    'message/rfc822',
    'U3ViamVjdDogYQ0KDQpiDQo=\r\n',
    'Content-Transfer-Encoding: base64\r\n',
  ),
  'multipart without boundary': mime('multipart/mixed', 'text\r\n'),
  'boundary never met': mime('multipart/mixed; boundary=b', 'text\r\n'),
  'not closed': mime('multipart/mixed; boundary=b', '--b\r\n\r\ntext\r\n'),
  'two Content-Types': mime('text/plain', 'text\r\n', 'Content-Type: text/html\r\n'),
  'message/rfc822': mime('message/rfc822', `${HEADER}\r\ninner\r\n`),
  'inner Bcc': mime('message/rfc822', `${HEADER}Bcc: secret@blind.example\r\n\r\ninner\r\n`),
  'inner Return-Path': mime(
    'message/rfc822',
    `Return-Path: <x@far.example>\r\n${HEADER}\r\ninner\r\n`,
  ),
  'part without empty line': mime(
    'multipart/mixed; boundary=b',
    '--b\r\nContent-Type: text/plain\r\ntext at once\r\n--b--\r\n',
  ),
  '10 levels': nested(10),
  '90 levels': nested(90),
  '120 levels': nested(120),
  'winmail.dat': mime(
    'application/ms-tnef; name=winmail.dat',
    'eJ8+IgAA\r\n',
    'Content-Transfer-Encoding: base64\r\n',
  ),
  'uuencode in text': `${HEADER}\r\nbegin 644 a.txt\r\n$=&5X=\`\r\n\`\r\nend\r\n`,
}

export const cases: readonly Case[] = [
  ...group('sender', senders),
  ...group('recipient', recipients),
  ...group('several recipients', several),
  ...group('hello', hellos),
  ...fromBoth('fields', fields),
  ...fromBoth('header syntax', headerSyntax),
  ...group(
    'body',
    Object.fromEntries(Object.entries(bodies).map(([name, message]) => [name, { message }])),
  ),
  ...group(
    'MIME',
    Object.fromEntries(Object.entries(mimeMessages).map(([name, message]) => [name, { message }])),
  ),
]
