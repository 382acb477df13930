// INBOX for the transcripts of SEARCH, SORT and THREAD.

import type { FixtureMessage } from './mailboxes.ts'

const DAY_MS = 86_400_000

type Given = {
  readonly text: string
  readonly flags?: readonly string[]
  readonly received?: string
}

const messages = (...given: readonly Given[]): readonly FixtureMessage[] =>
  given.map(({ text, flags = [], received = '2026-11-20T12:00:00Z' }) => ({
    text: text.replaceAll('\n', '\r\n'),
    flags,
    internalDateMs: Date.parse(received),
  }))

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64')

const searchable = messages(
  {
    flags: ['\\Seen'],
    received: '2026-02-01T23:59:59Z',
    text: `From: "Smith, John" <smith@example.org>
To: Ann <ann@example.test>
Cc: carol@example.test
Subject: Afternoon meeting
Date: Sun, 1 Feb 2026 22:30:00 -0800
Message-ID: <one@example.org>

We meet at noon.
`,
  },
  {
    flags: ['\\Answered', '\\Flagged'],
    received: '2026-02-02T00:00:00Z',
    text: `From: =?iso-8859-1?Q?J=FCrgen?= <juergen@example.org>
To: Ann <ann@example.test>, Bob <bob@example.test>
Subject: =?utf-8?B?${base64('Grüße aus Köln')}?=
Date: Mon, 2 Feb 2026 01:00:00 +0200
Message-ID: <two@example.org>
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Viele Gr=FC=DFe von der langen Stra=
=DFe.
`,
  },
  {
    flags: ['\\Deleted', '$Work'],
    received: '2026-02-03T12:00:00Z',
    text: `From: reports@example.org
Bcc: dora@example.test
Subject: Report
X-Priority: 1 (Highest)
Date: Tue, 3 Feb 2026 12:00:00 +0000
Message-ID: <three@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

the preamble is no part
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

${base64('Der Umsatz wuchs auf zwölf Millionen.')}
--b
Content-Type: application/octet-stream; name=figures.bin
Content-Transfer-Encoding: base64

${base64('twelve million in an attachment')}
--b--
`,
  },
  {
    flags: ['\\Draft'],
    received: '2026-02-04T12:00:00Z',
    text: `From: ann@example.test
Subject: Fwd: see below
Date: Wed, 4 Feb 2026 12:00:00 +0000
In-Reply-To: <one@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

Look at this.
--b
Content-Type: message/rfc822

From: inner@example.org
Subject: the inner subject

the inner text
--b--
`,
  },
  {
    text: `X-Empty:
From: nobody@example.org

No subject, no date.
`,
  },
)

const hour = 3_600_000
const aged = [10 * DAY_MS, DAY_MS, hour].map((ageMs) => ({
  text: 'Subject: aged\r\n\r\nx\r\n',
  flags: [],
  internalDateMs: Date.now() - ageMs,
}))

const sortable = messages(
  {
    received: '2026-03-03T00:00:00Z',
    text: `From: "Zoe" <alice@example.org>
To: "Émile" <m@example.org>
Cc: zed@example.org
Subject: Re: apples
Date: Tue, 3 Mar 2026 12:00:00 +0000

xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
`,
  },
  {
    received: '2026-03-01T00:00:00Z',
    text: `From: bob@example.org
To: Friends: a@example.org, b@example.org;
Subject: bananas
Date: Tue, 3 Mar 2026 12:30:00 +0200

x
`,
  },
  {
    received: '2026-03-02T00:00:00Z',
    text: `From: =?utf-8?Q?=C3=84nne?= <Carol@example.org>
Subject: [fruit] Apples (fwd)

xx
`,
  },
  {
    received: '2026-03-04T00:00:00Z',
    text: `From: bob@example.com
To: eve@example.org
Cc: Anton <anton@example.org>

xxxxxxxxxxxxxxxx
`,
  },
)

type Post = {
  readonly id?: string
  readonly refs?: string
  readonly reply?: string
  readonly subject?: string
}

/** Sent a minute apart, so that the order of dates is the one given here. */
const posts = (...given: readonly Post[]) =>
  messages(
    ...given.map(({ id, refs, reply, subject }, at) => ({
      text: [
        ...(id === undefined ? [] : [`Message-ID: <${id}@x>`]),
        ...(refs === undefined ? [] : [`References: ${refs.replace(/\w+/g, '<$&@x>')}`]),
        ...(reply === undefined ? [] : [`In-Reply-To: ${reply.replace(/\w+/g, '<$&@x>')}`]),
        ...(subject === undefined ? [] : [`Subject: ${subject}`]),
        `Date: Fri, 20 Nov 2026 12:${`${at}`.padStart(2, '0')}:00 +0000`,
        '\nx\n',
      ].join('\n'),
    })),
  )

export const searchMailboxes: { readonly [name: string]: readonly FixtureMessage[] } = {
  searchable,
  aged,
  sortable,
  'references-tree': posts(
    { id: 'a', subject: 'one' },
    { id: 'b', refs: 'a', subject: 'two' },
    { id: 'c', refs: 'a b', subject: 'three' },
    { id: 'd', refs: 'a b', subject: 'four' },
    { id: 'e', refs: 'a', subject: 'five' },
    { id: 'f', reply: 'd a', subject: 'six' },
    { id: 'g', subject: 'seven' },
  ),
  'references-dummies': posts(
    { id: 'b', refs: 'gone1', subject: 'one' },
    { id: 'c', refs: 'gone1', subject: 'two' },
    { id: 'd', refs: 'gone2 gone3', subject: 'three' },
    { id: 'e', refs: 'b gone4', subject: 'four' },
  ),
  'references-odd': posts(
    { id: 'a', refs: 'b', subject: 'one' },
    { id: 'b', refs: 'a', subject: 'two' },
    { id: 'a', subject: 'three' },
    { refs: 'a a a', subject: 'four' },
    { id: 'z', refs: 'z', subject: 'five' },
  ),
  'subject-threads': posts(
    { id: 'a', subject: 'apples' },
    { id: 'b', subject: 'Re: apples' },
    { id: 'c', subject: 'pears' },
    { id: 'd', subject: 'pears' },
    { id: 'e', subject: 'Re: plums' },
    { id: 'f', subject: 'plums' },
    { id: 'g' },
    { id: 'h' },
    { id: 'i', refs: 'none', subject: 'figs' },
    { id: 'j', refs: 'none', subject: 'dates' },
    { id: 'k', subject: 'Figs' },
  ),
}
