// What of a message scripts look at and change, here and in Debian's Pigeonhole: RFC 5173, 5260, 5293 and 5703. Where they differ it is said why.

import { describe, expect, it } from 'vitest'
import { pigeonholeOutcomes } from '#test/support/pigeonhole.ts'
import { isInstalled } from '#test/support/program.ts'
import { findings, outcome } from '#test/support/sieve.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const message = `Received: from a by b; Mon, 30 Nov 2026 23:30:00 -0500
Received: from c (x; y) by a; Tue, 01 Dec 2026 00:10:00 +0000 (UTC)
From: Whomever <a@example.com>
To: one@example.com, two@example.com
To: three@example.com
Cc: four@example.com
Subject: whatever
Date: Tue, 1 Mar 2022 09:05:07 +0130
X-Broken: Wed, 30 Feb 2022 09:00:00 +0000
X-Hour: Wed, 2 Feb 2022 25:00:00 +0000
X-Zone: Wed, 2 Feb 2022 05:00:00 +9900
X-Old: 20 Nov 99 10:00 EST
X-Hello: one
X-Hello: two
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

Before all parts.

--outer
Content-Type: multipart/alternative; boundary=inner

Before the inner parts.

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--inner
Content-Type: text/html; charset="us-ascii"

<html><body>Hello &amp; <b>you</b></body></html>
--inner--

Behind the inner parts.

--outer
Content-Type: message/rfc822

From: Someone Else <else@example.net>
Subject: hello request

Please say Hello
--outer
Content-Type: application/octet-stream; name*=utf-8''gr%C3%BC%C3%9Fe.exe
Content-Disposition: attachment; filename="x.exe"
Content-Transfer-Encoding: base64

TVqQAAMAAAA=
--outer--

Behind all parts.
`

type Case = { readonly script: string; readonly differs?: string }

const test = (text: string, differs?: string): Case => ({
  script: `if ${text} { discard; }`,
  ...(differs !== undefined && { differs }),
})

const cases: readonly Case[] = [
  // RFC 5260.
  ...[
    'year',
    'month',
    'day',
    'date',
    'julian',
    'hour',
    'minute',
    'second',
    'time',
    'iso8601',
  ].flatMap((part) =>
    [':originalzone', ':zone "-0930"', ':zone "+0000"'].map((zone) => ({
      script: `if date ${zone} :matches "date" "${part}" "*" { fileinto "\${0}"; }`,
    })),
  ),
  ...['zone', 'weekday'].map((part) => ({
    script: `if date :zone "-1130" :matches "received" "${part}" "*" { fileinto "\${0}"; }`,
  })),
  {
    script: 'if date :originalzone :matches "date" "std11" "*" { fileinto "${0}"; }',
    differs: 'a day of one digit may have one (RFC 5322 §3.3)',
  },
  test('date :originalzone "received" "date" "2026-11-30"'),
  test('date :zone "+0000" "received" "date" "2026-12-01"'),
  test('date :originalzone "x-old" "zone" "-0500"'),
  test('date :matches "x-broken" "date" "*"'),
  test('date :matches "x-hour" "date" "*"'),
  test('date :matches "x-zone" "date" "*"', 'there is no such zone'),
  test('date :matches "subject" "date" "*"'),
  test('date :count "eq" "x-broken" "date" "0"'),
  // It forgets :index where a zone stands behind it.
  test('date :originalzone :index 2 "received" "time" "00:10:00"'),
  test('date :originalzone :index 1 :last "received" "time" "00:10:00"'),
  test('currentdate :count "eq" "hour" "1"'),
  test('header :index 3 :contains ["cc", "received"] "from c"'),
  test('header :index 2 :last :contains "received" "from a"'),
  test('address :index 2 "to" "two@example.com"'),
  test('address :index 3 ["to", "cc"] "four@example.com"'),
  test('header :last "to" "x"'),
  // RFC 5173.
  test('body :content "multipart" :contains "parts"'),
  test('body :content "multipart" :contains "--"'),
  test('body :content "multipart/mixed" :contains "Behind the inner"'),
  test('body :content "text/plain" :contains "Please"'),
  test('body :content "text" :contains "grüße"'),
  test('body :content "text/html" :contains "&amp;"'),
  test('body :text :contains "&amp;"'),
  test('body :contains "hello & you"'),
  test('body :content "message/rfc822" :contains "hello request"'),
  test('body :content "message/rfc822" :contains "Please"'),
  test('body :content "text/" :contains ""'),
  test('body :content "audio" :contains ""'),
  test('body :raw :contains "boundary=inner"'),
  test('body :raw :contains "boundary=outer"'),
  test('body :raw :matches "*Gr=FC*"'),
  {
    script: 'if header :matches "subject" "*" { if body :raw :matches "*" { fileinto "${1}"; } }',
  },
  // RFC 5293.
  { script: 'addheader "X-New" "Grüße"; if header "x-new" "Grüße" { discard; }' },
  {
    script: 'addheader :last "X-Hello" "three"; if header :index 3 "x-hello" "three" { discard; }',
  },
  { script: 'addheader "X-Hello" "three"; if header :index 1 "x-hello" "three" { discard; }' },
  { script: 'deleteheader "received"; if exists "received" { discard; }' },
  { script: 'deleteheader "subject"; if exists "subject" { discard; }' },
  { script: 'deleteheader :index 1 "x-hello"; if header "x-hello" "one" { discard; }' },
  { script: 'deleteheader :index 1 :last "x-hello"; if header "x-hello" "one" { discard; }' },
  { script: 'deleteheader :index 1 "x-hello" "two"; if header "x-hello" "two" { discard; }' },
  { script: 'deleteheader :contains "x-hello" ["T"]; if header "x-hello" "two" { discard; }' },
  {
    script: 'deleteheader :last "x-hello";',
    differs: ':last stands beside :index (RFC 5293 §5)',
  },
  { script: 'addheader "X Y" "z";' },
  // RFC 5703.
  {
    script: `foreverypart { set "n" "\${n};"; if header :mime :subtype :matches "content-type" "*" { set "n" "\${n}\${0}"; }
      foreverypart { set "n" "\${n}+"; } } fileinto "\${n}";`,
  },
  { script: 'foreverypart { set "n" "${n}+"; break; } fileinto "${n}";' },
  {
    script:
      'foreverypart :name "a" { foreverypart { set "n" "${n}-"; break :name "a"; } } fileinto "${n}";',
  },
  { script: 'break;' },
  { script: 'foreverypart { break :name "x"; }' },
  { script: 'extracttext "t";' },
  {
    script: `foreverypart { if header :mime :type "content-type" ["text", "multipart"] { extracttext "t"; set "n" "\${n}[\${t}]"; } }
      fileinto "\${n}";`,
    differs: 'a blank at the end of a page is none that anybody sees',
  },
  {
    script: `foreverypart { if header :mime :subtype "content-type" "plain" { extracttext :first 3 "t"; } } fileinto "\${t}";`,
    differs: 'it counts octets, and cuts a character in two',
  },
  ...[
    'header :mime "content-type" "multipart/mixed; boundary=outer"',
    'header :mime :contains "content-type" "html"',
    'header :mime :anychild :contains "content-type" "html"',
    'header :mime :anychild "subject" "hello request"',
    'header :mime :anychild :contenttype "content-type" "text/html"',
    'header :mime :anychild :contenttype "content-disposition" "attachment"',
    'header :mime :anychild :subtype "content-disposition" ""',
    'header :mime :type "subject" ""',
    'header :mime :param "boundary" "content-type" "OUTER"',
    'header :mime :anychild :param "name" "content-type" "grüße.exe"',
    'header :mime :anychild :param ["filename", "name"] "content-disposition" "x.exe"',
    'address :mime :anychild "from" "else@example.net"',
    'address :mime "from" "else@example.net"',
    'exists :mime "content-disposition"',
    'exists :mime :anychild ["content-disposition", "subject"]',
    'exists :mime :anychild ["content-disposition", "x-nothing"]',
    'header :anychild "subject" "whatever"',
    'header :type "content-type" "multipart"',
  ].map((text) => test(text)),
  test(
    'header :mime :param "nothing" :matches "content-type" "*"',
    'what is not there has no value, not even an empty one',
  ),
]

const head =
  'require ["date", "index", "relational", "variables", "fileinto", "body", "editheader", "mime", "foreverypart", "extracttext"];\n'

/** Warnings count for nothing. */
async function here(script: string): Promise<readonly string[]> {
  const isRefused = findings(script).some((each) => !each.includes('is required'))
  const result = await outcome(script, { message }).catch(() => undefined)
  if (result === undefined) return isRefused ? ['refused'] : ['threw']
  return result.map((line) => (line.startsWith('error') ? 'error' : line))
}

describe.skipIf(!isInstalled('sieve-test'))('what Pigeonhole sees in messages', () => {
  it('is seen here, but where it is said', { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder()
    const all = cases.map(({ script }) => ({ script: `${head}${script}\n`, message }))
    const theirs = await pigeonholeOutcomes(folder.path, all)
    const unsaid: object[] = []
    for (const [i, { script, differs }] of cases.entries()) {
      const ours = (await here(head + script)).map((line) =>
        line === 'keep' ? 'fileinto INBOX' : line,
      )
      const isSame = JSON.stringify(ours) === JSON.stringify(theirs[i])
      if (isSame !== (differs === undefined))
        unsaid.push({ script, differs, ours, theirs: theirs[i] })
    }
    expect(unsaid).toEqual([])
  })
})
