// INBOX for the transcripts of what real mailers send and standards say little of: old character sets, parameters in sections,
// encoded messages.

import type { FixtureMessage } from './mailboxes.ts'

const messages = (...texts: readonly string[]): readonly FixtureMessage[] =>
  texts.map((text, i) => ({
    text: text.replaceAll('\n', '\r\n'),
    flags: [],
    internalDateMs: Date.UTC(2026, 10, 20, 12, i),
  }))

const base64 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('base64')
const word = (charset: string, bytes: string) => `=?${charset}?B?${base64(bytes)}?=`

const jis = { mail: '\x1b$BEE;R%a!<%k\x1b(B', leak: '\x1b$B>pJsO31L\x1b(B' }

const inCharset = (charset: string, body: string) =>
  `From: a@x.example\nSubject: ${charset}\nContent-Type: text/plain; charset=${charset}\n\n${body}\n`

export const oddMailboxes: { readonly [name: string]: readonly FixtureMessage[] } = {
  /** Each word of a Subject begins and ends in ASCII (RFC 2047 §3); a body with escape sequences in a row. */
  japanese: messages(
    `From: a@x.example
Date: Mon, 1 Jan 2024 00:00:00 +0000
Subject: ${word('ISO-2022-JP', jis.mail)}
 ${word('ISO-2022-JP', jis.leak)}
Content-Type: text/plain; charset=iso-2022-jp

${jis.mail}${jis.leak}
`,
    `From: a@x.example
Date: Mon, 1 Jan 2024 00:00:01 +0000
Subject: =?utf-8?B?${Buffer.from('電子メール情報漏洩').toString('base64')}?=

x
`,
  ),
  'old-charsets': messages(
    inCharset('utf-7', 'Gr+APwA3w-e'),
    inCharset('iso-2022-kr', '\x1b$)C\x0e>H3g\x0f'),
    inCharset('hz-gb-2312', '~{Dc:C~}'),
    inCharset('"IBM850"', 'Gr\x81\xe1e'),
    inCharset('x-mac-ce', '\xebluto'),
    `Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: "base64"

${Buffer.from('hidden').toString('base64')}
`,
  ),
  /** RFC 2231, an encoded message, message/global. */
  'odd-parts': messages(
    `From: a@x.example
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: application/pdf; name*0="a long file name that was cut i";
 name*1="n two.p"; name*2="df"
Content-Disposition: attachment; filename*0*=iso-8859-1''B%FCcher;
 filename*1=" and more"; filename*2*=%DF.pdf

x
--o
Content-Type: message/rfc822
Content-Transfer-Encoding: base64

${base64('Subject: inner\r\n\r\nwithin\r\n')}
--o
Content-Type: message/global
Content-Disposition: attachment; filename=u.eml

Subject: global

body
--o--
`,
  ),
  /** A message, replies by References, by In-Reply-To and by a quoted id, another thread, no ids at all. */
  conversation: messages(
    'Message-ID: <root@x>\nSubject: s\n\n',
    'Message-ID: <a@x>\nReferences: <root@x>\nIn-Reply-To: <elsewhere@x>\n\n',
    'Message-ID: <b@x>\nIn-Reply-To: <root@x> (your mail)\n\n',
    'X-Mark: yes\nReferences: <"root"@x>\n <a@x> <b@x>\n\n',
    'Message-ID: <c@x>\nSubject: other\n\n',
    'Subject: none\n\nwithout ids\n',
  ),
}
