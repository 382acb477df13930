// RFC 5703, section by section: parts of a message, and messages made of others.

import { describe, expect, it } from 'vitest'
import { ENCLOSURES_MAX, MADE_BYTES_MAX, REPLACED_DEPTH_MAX } from '#shared/sieve/limits.ts'
import { changedMessage, findings, outcome, run, type Situation } from '#test/support/sieve.ts'

const all =
  'require ["mime", "foreverypart", "extracttext", "replace", "enclose", "editheader", "variables", "fileinto", "relational", "index", "body", "copy"];\n'

const message = [
  'From: Whomever <a@example.com>',
  'To: someone@example.com',
  'Subject: whatever',
  'Date: Mon, 30 Nov 2026 12:34:56 +0100',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=outer',
  '',
  'Before.',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=FC=DFe',
  '--inner',
  'Content-Type: TEXT/html; charset="us-ascii"',
  '',
  '<html><body>Hello &amp; <b>you</b></body></html>',
  '--inner--',
  '',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'From: Someone Else <else@example.net>',
  'Subject: =?utf-8?q?h=C3=B6?=',
  '',
  'Please say Hello',
  '--outer',
  "Content-Type: application/octet-stream; name*0*=utf-8''gr%C3%BC%C3%9F; name*1=e.exe",
  'Content-Disposition: ATTACHMENT; filename="=?utf-8?q?x_y?=.exe"',
  'Content-Transfer-Encoding: base64',
  '',
  'TVqQAAMAAAA=',
  '--outer--',
  'Behind.',
  '',
].join('\n')

/** The folders that a script names, in order. */
const named = async (script: string, situation: Situation = {}) =>
  (await outcome(all + script, { message, ...situation })).map((line) =>
    line.replace(/^fileinto /, ''),
  )
const changed = (script: string, situation: Situation = {}) =>
  changedMessage(all + script, { message, ...situation })

const name = (test: string) => `if ${test} { set "n" "\${n} \${0}"; }`

describe('§3 foreverypart', () => {
  it('goes over the message and all in it, and in a loop over what is in the part', async () => {
    const script = `foreverypart {
      set "n" "\${n};";
      ${name('header :mime :subtype :matches "content-type" "*"')}
      foreverypart { set "n" "\${n}+"; }
    } fileinto "\${n}";`
    expect(await named(script)).toEqual([
      '; mixed++++++; alternative++; plain; html; rfc822+;; octet-stream',
    ])
  })

  it('looks once at a message without parts', async () => {
    const script = 'foreverypart { set "n" "${n}+"; } fileinto "${n}";'
    expect(await named(script, { message: 'Subject: x\n\ny' })).toEqual(['+'])
    expect(await named(script, { message: '' })).toEqual(['+'])
  })

  it('has the old part again behind a loop in it', async () => {
    const script = `foreverypart { foreverypart { }
      ${name('header :mime :subtype :matches "content-type" "*"')} } fileinto "\${n}";`
    expect(await named(script)).toEqual([' mixed alternative plain html rfc822 octet-stream'])
  })

  it('costs steps', async () => {
    const nested = 'foreverypart { foreverypart { foreverypart { foreverypart { } } } }'
    expect(await named(nested, { limits: { steps: 20 } })).toEqual([
      'error: line 2: the script takes more than 20 steps',
    ])
  })
})

describe('§3.1 break', () => {
  it.each([
    ['foreverypart { set "n" "${n}+"; break; }', '+'],
    ['foreverypart { set "n" "${n}+"; foreverypart { set "n" "${n}-"; break; } }', '+-+-+++-++'],
    [
      'foreverypart :name "a" { set "n" "${n}+"; foreverypart { set "n" "${n}-"; break :name "a"; } }',
      '+-',
    ],
    [
      'foreverypart :name "a" { foreverypart :name "a" { set "n" "${n}-"; break :name "a"; } }',
      '---',
    ],
  ])('%s', async (loop, expected) => {
    expect(await named(`${loop} fileinto "\${n}";`)).toEqual([expected])
  })

  it('stop ends more than the loop', async () => {
    expect(await named('foreverypart { fileinto "a"; stop; } fileinto "b";')).toEqual(['a'])
  })

  it.each([
    ['break;', 'line 1: break stands in the block of foreverypart'],
    ['foreverypart { break :name "x"; }', 'line 1: break stands in no foreverypart :name "x"'],
    [
      'foreverypart :name "y" { break :name "x"; }',
      'line 1: break stands in no foreverypart :name "x"',
    ],
  ])('%s is an error', (script, finding) => {
    expect(findings(`require "foreverypart"; ${script}`)).toEqual([finding])
  })
})

describe('§4 tests of parts', () => {
  const fits = async (test: string) =>
    (await outcome(`${all}if ${test} { discard; }`, { message }))[0] === 'discard'
  it.each([
    // §4.1
    ['header :mime "content-type" "multipart/mixed; boundary=outer"', true],
    ['header :mime :contains "content-type" "html"', false],
    ['header :mime :anychild :contains "content-type" "html"', true],
    ['header :anychild :mime "subject" "hö"', true],
    ['header "subject" "hö"', false],
    // §4.2
    ['header :mime :type "content-type" "multipart"', true],
    ['header :mime :anychild :type "content-type" "text"', true],
    ['header :mime :subtype "content-type" "mixed"', true],
    ['header :mime :anychild :contenttype "content-type" "text/html"', true],
    ['header :mime :anychild :type "content-disposition" "attachment"', true],
    ['header :mime :anychild :subtype "content-disposition" ""', true],
    ['header :mime :anychild :contenttype "content-disposition" "attachment"', true],
    ['header :mime :type "subject" ""', true],
    ['header :mime :param "boundary" "content-type" "OUTER"', true],
    ['header :mime :anychild :param ["filename", "name"] "content-disposition" "x y.exe"', true],
    ['header :mime :anychild :param "name" "content-type" "grüße.exe"', true],
    ['header :mime :anychild :param "charset" :count "eq" "content-type" "2"', true],
    ['header :mime :anychild :type :count "eq" "content-type" "6"', true],
    ['header :mime :param "nothing" :matches "content-type" "*"', false],
    ['header :mime :anychild :index 2 "content-type" "text/html"', false],
    // §4.3
    ['address :mime :anychild "from" "else@example.net"', true],
    ['address :mime "from" "else@example.net"', false],
    ['address :mime :anychild :domain :contains ["to", "from"] "example.net"', true],
    // §4.4
    ['exists :mime "content-disposition"', false],
    ['exists :mime :anychild ["content-disposition", "to"]', true],
    ['exists :mime :anychild ["content-disposition", "cc"]', false],
  ])('%s: %s', async (test, expected) => {
    expect(await fits(test)).toBe(expected)
  })

  it('are of the part of the loop, with :anychild of what is in it', async () => {
    const script = `foreverypart {
      ${name('header :mime :matches "subject" "*"')}
      if header :mime :anychild :type "content-disposition" "attachment" { set "n" "\${n}!"; }
    } fileinto "\${n}";`
    expect(await named(script)).toEqual([' whatever! hö!'])
  })

  it.each([
    ['header :anychild "a" "b"', 'line 1: :anychild stands beside :mime'],
    ['header :type "a" "b"', 'line 1: :type stands beside :mime'],
  ])('%s is an error', (test, finding) => {
    expect(findings(`require "mime"; if ${test} { }`)).toEqual([finding])
  })
})

describe('§5 replace', () => {
  const executable =
    'foreverypart { if header :mime :param "filename" :matches "content-disposition" "*.exe" {'

  it('puts a text in the place of a part, and leaves all else', async () => {
    expect(await changed(`${executable} replace "It is gone."; } }`)).toBe(
      message.replace(
        /Content-Type: application[\s\S]*AAA=/,
        'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\nIt is gone.',
      ),
    )
  })

  it.each([
    ['text:\nGrüße\n.\n;', 'quoted-printable\n\nGr=C3=BC=C3=9Fe\n'],
    ['"--outer--";', 'base64\n\nLS1vdXRlci0t\n'],
  ])('writes %j so that it passes', async (text, written) => {
    expect(await changed(`${executable} replace ${text} } }`)).toContain(`Encoding: ${written}`)
  })

  it('takes an entity as it is with :mime', async () => {
    const entity = 'Content-Type: text/html\n\n<p>Gone</p>'
    expect(await changed(`${executable} replace :mime "${entity}"; } }`)).toContain(
      `--outer\n${entity}\n--outer--`,
    )
  })

  it('gives a line end to a delimiter that had none of its own', async () => {
    const empty = 'Content-Type: multipart/mixed; boundary=b\n\n--b\nA: b\n\n--b\nC: d\n\n--b--\n'
    const script = 'foreverypart { if exists :mime "a" { replace "x"; } }'
    expect(await changed(script, { message: empty })).toBe(
      empty.replace(
        'A: b\n\n',
        'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\nx\n',
      ),
    )
  })

  it('is seen by what follows, and what was in the part by nothing more', async () => {
    const script = `foreverypart {
      if header :mime :subtype "content-type" "alternative" { replace :mime "Content-Type: text/x-new\r\n\r\nnew"; }
      if header :mime :subtype "content-type" "html" { fileinto "html"; }
    }
    if body :content "text/x-new" "new" { fileinto "new"; }
    if header :mime :anychild :subtype "content-type" "html" { fileinto "old"; }
    foreverypart { ${name('header :mime :subtype :matches "content-type" "*"')} }
    fileinto "\${n}";`
    expect(await named(script)).toEqual(['new', ' mixed x-new rfc822 octet-stream'])
  })

  it('replaces twice, and parts of what replaced a part', async () => {
    const script = `foreverypart {
      if header :mime :subtype "content-type" "alternative" {
        replace "once";
        replace :mime "Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\none\r\n--q\r\nX: y\r\n\r\ntwo\r\n--q--";
        foreverypart { if exists :mime "x" { replace "three"; } }
      }
    }`
    const text = await changed(script)
    expect(text).toContain(
      '--q\n\none\n--q\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\nthree\n--q--\n--outer\n',
    )
    expect(text).not.toContain('once')
  })

  it('replaces all of the message outside of loops, and keeps its other fields', async () => {
    expect(
      await changed('replace :subject "Neu: ä" :from "New <new@example.com>" "All of it";'),
    ).toBe(
      [
        'Original-From: Whomever <a@example.com>',
        'To: someone@example.com',
        'Original-Subject: whatever',
        'Date: Mon, 30 Nov 2026 12:34:56 +0100',
        'Subject: =?UTF-8?B?TmV1OiDDpA==?=',
        'From: New <new@example.com>',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 7bit',
        '',
        'All of it',
      ].join('\n'),
    )
  })

  it('takes no sender that is none', async () => {
    expect(findings('require "replace"; replace :from "nobody" "x";')).toEqual([
      'line 1: "nobody" is no list of addresses',
    ])
    expect(await named('set "f" "no"; replace :from "${f}" "x";')).toEqual([
      'error: line 2: "no" is no list of addresses',
    ])
  })
})

describe('limits of what a run makes', () => {
  const times = Math.floor(MADE_BYTES_MAX / 200_000)
  const script = (count: number) =>
    `set "n" "${'y'.repeat(8_000)}"; ${`replace "${'${n}'.repeat(25)}";\n`.repeat(count)}`

  it('are bytes', async () => {
    expect(await named(script(times - 1))).toEqual(['keep'])
    expect(await named(script(times + 1))).toEqual([
      expect.stringContaining(`more than ${MADE_BYTES_MAX} bytes put into the message`),
    ])
  })

  it('are replaced parts in replaced parts', async () => {
    const entity = 'Content-Type: multipart/mixed; boundary=q\n\n--q\nX: y\n\nz\n--q--'
    const nested = (depth: number) =>
      `foreverypart { if exists :mime "x" { replace :mime "${entity}"; } }\n`.repeat(depth)
    const first = `foreverypart { if header :mime :subtype "content-type" "html" { replace :mime "${entity}"; } }`
    expect(await named(first + nested(REPLACED_DEPTH_MAX - 1))).toEqual(['keep'])
    expect(await named(first + nested(REPLACED_DEPTH_MAX))).toEqual([
      expect.stringContaining(`more than ${REPLACED_DEPTH_MAX} replaced parts within each other`),
    ])
  })
})

describe('§6 enclose', () => {
  const enclosing = 'enclose :subject "Warning" :headers ["To", "Date"] "Do not open.";'

  it('makes the message an attachment', async () => {
    const text = (await changed(enclosing)) ?? ''
    const boundary = /boundary="(=_[0-9a-f]{40})"/.exec(text)?.[1]
    expect(text).toBe(
      [
        'To: someone@example.com',
        'Date: Mon, 30 Nov 2026 12:34:56 +0100',
        'From: <me@example.com>',
        'Subject: Warning',
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed;',
        ` boundary="${boundary}"`,
        '',
        `--${boundary}`,
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 7bit',
        '',
        'Do not open.',
        `--${boundary}`,
        'Content-Type: message/rfc822',
        '',
        `${message}`,
        `--${boundary}--`,
        '',
      ].join('\n'),
    )
  })

  it('takes the subject of the message, and date and sender of the owner', async () => {
    expect(await changed('enclose "x";')).toMatch(
      /^Subject: whatever\nFrom: <me@example\.com>\nDate: Mon, 30 Nov 2026 12:00:00 \+0000\n/,
    )
  })

  it('is of its owner, in UTF-8, whatever letters her address has', async () => {
    // The low byte of the first one ends a line.
    const owner = { address: '\u010ab\u00fcro@example.com' }
    expect(await changed('enclose "x";', { owner })).toContain(
      '\nFrom: <\u010ab\u00fcro@example.com>\n',
    )
  })

  it('is the same whenever the script runs, and another one for another message', async () => {
    expect(await changed(enclosing)).toBe(await changed(enclosing))
    const boundary = async (text: string) =>
      /=_[0-9a-f]{40}/.exec((await changed(enclosing, { message: text })) ?? '')?.[0]
    expect(await boundary('A: b\n\nc')).not.toBe(await boundary('A: b\n\nd'))
  })

  it('is not what redirect sends; that has what was changed before', async () => {
    const script = `addheader "X" "y"; ${enclosing} addheader "Z" "z"; redirect :copy "a@b.example";`
    expect(await changed(script)).toBe(`X: y\n${message}`)
  })

  it('is seen by what follows, which may change it and what is in it', async () => {
    const script = `addheader "X" "y"; ${enclosing} addheader "Z" "z";
      if allof (header "subject" "Warning", exists "z", not exists "x") { set "n" "header"; }
      foreverypart {
        ${name('header :mime :subtype :matches "content-type" "*"')}
        if header :mime "x" "y" { set "n" "\${n} inner"; }
        if header :mime :subtype "content-type" "octet-stream" { replace "Gone."; }
      }
      if body :content "text" :contains "do not open" { set "n" "\${n} text"; }
      fileinto "\${n}";`
    expect(await named(script)).toEqual([
      'header mixed plain rfc822 mixed inner alternative plain html rfc822 octet-stream text',
    ])
    const text = await changed(script)
    expect(text).toMatch(/^Z: z\nTo: /)
    expect(text).toContain('\n\nX: y\nFrom: Whomever')
    expect(text).toContain('\n\nGone.\n--outer--\nBehind.\n\n--=_')
  })

  it('goes as deep as the limit', async () => {
    expect(await named('enclose "x";'.repeat(ENCLOSURES_MAX))).toEqual(['keep'])
    expect(await named('enclose "x";'.repeat(ENCLOSURES_MAX + 1))).toEqual([
      `error: line 2: more than ${ENCLOSURES_MAX} messages around each other`,
    ])
  })
})

describe('§7 extracttext', () => {
  it('decodes text to Unicode; of all else it is empty', async () => {
    const script = `foreverypart { extracttext "t"; set "n" "\${n}[\${t}]"; } fileinto "\${n}";`
    expect(await named(script)).toEqual(['[][][Grüße][Hello & you][][Please say Hello][]'])
  })

  it.each([
    ['extracttext :first 3 "t";', 'Grü'],
    ['extracttext :upper :first 3 "t";', 'GRü'],
    ['extracttext :length "t";', '5'],
    ['extracttext :first 0 "t";', ''],
  ])('%s', async (command, expected) => {
    const script = `foreverypart { if header :mime :subtype "content-type" "plain" { ${command} } } fileinto "<\${t}>";`
    expect(await named(script)).toEqual([`<${expected}>`])
  })

  it('stands in a loop', () => {
    expect(findings('require ["extracttext", "variables"]; extracttext "t";')).toEqual([
      'line 1: extracttext stands in the block of foreverypart',
    ])
  })
})

describe('whatever a message is made of', () => {
  const script = `${all}
    if header :mime :anychild :param ["name", "boundary"] :contains "content-type" "q" { }
    if body :content "" :contains "nothing of it" { }
    foreverypart { extracttext :first 10 "t"; if header :mime :type "content-type" "text" { replace "r"; } }
    addheader "X" "y"; deleteheader "subject"; enclose "e"; keep;`
  const deep = (depth: number) =>
    Array.from(
      { length: depth },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}`,
    ).join('\n')

  it.each([
    [
      '2,500 parts',
      `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(2_500)}--b--`,
    ],
    ['parts 200 deep', deep(200)],
    ['messages 200 deep', 'Content-Type: message/rfc822\n\n'.repeat(200)],
    ['no end', 'Content-Type: multipart/mixed; boundary=b\n\n--b'],
    ['an empty boundary', 'Content-Type: multipart/mixed; boundary=""\n\n--\n\n----\n'],
    ['no parts', 'Content-Type: multipart/mixed; boundary=b\n\nnothing'],
    [
      'one boundary for all',
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n--b--\n--b--',
    ],
    [
      'half a character',
      'Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n2A==',
    ],
    ['nothing but a header', 'Subject: x'],
    ['nothing', ''],
    ['no header', '\n\nx'],
    ['bare line ends and NUL', 'A: b\0\rC\n\n\0\r\r\n'],
    ['a long header', `Content-Type: text/plain; ${'a=b; '.repeat(50_000)}\n\nx`],
    ['20,000 fields', `${'Subject: x\n'.repeat(20_000)}\nx`],
  ])('there is an answer: %s', async (_what, text) => {
    const result = await run(script, { message: text, limits: { steps: 1_000_000 } })
    expect(result.kind).toBe('done')
    const [action] = result.kind === 'done' ? result.actions : []
    const stored = action?.kind === 'keep' ? action.message.changed : undefined
    let bytes = 0
    for await (const piece of stored?.() ?? []) bytes += piece.length
    expect(bytes).toBeGreaterThan(200)
  })
})
