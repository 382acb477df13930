import { describe, expect, it } from 'vitest'
import { AUTHSERV_ID_BYTES_MAX } from '#shared/mail/authserv-id.ts'
import { FIELD_NAME_BYTES_MAX } from '#shared/mail/header-line.ts'
import { type CleaningRules, MessageCleaning } from '#shared/mail/message-cleaning.ts'

const received: CleaningRules = {
  dropHeaders: ['bcc', 'content-length', 'resent-bcc', 'return-path'],
  strippedBytes: undefined,
}

/** Pushed in pieces of so many bytes. */
function cleaned(message: string, rules = received, pieceBytes = Number.POSITIVE_INFINITY): string {
  const cleaning = new MessageCleaning(rules)
  const bytes = Buffer.from(message, 'latin1')
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    out.push(cleaning.push(Buffer.from(bytes.subarray(at, at + pieceBytes))))
  }
  out.push(cleaning.finish())
  return Buffer.concat(out).toString('latin1')
}

const name = (length: number) => 'n'.repeat(length)

// What Postfix 3.7 makes of the same lines, but where a comment says otherwise.
const cases: readonly (readonly [what: string, message: string, cleaned: string])[] = [
  ['no message', '', ''],
  ['a sound message', 'A: b\r\n c\r\n\r\nBcc: d\r\n', 'A: b\r\n c\r\n\r\nBcc: d\r\n'],
  ['a header alone', 'Subject: only\r\n', 'Subject: only\r\n'],
  ['a header alone, its line without end', 'Subject: only', 'Subject: only'],
  ['a body alone', '\r\nSubject: a\r\n', '\r\nSubject: a\r\n'],

  // The empty line that is missing.
  ['text behind a field', 'A: b\r\nlow. Look.\r\nx: y\r\n', 'A: b\r\n\r\nlow. Look.\r\nx: y\r\n'],
  ['text alone', 'The battery is low: act.\r\n', '\r\nThe battery is low: act.\r\n'],
  ['a word without end', 'A: b\r\nlow', 'A: b\r\n\r\nlow'],
  ['white space at the beginning', ' a\r\nB: c\r\n\r\nd', '\r\n a\r\nB: c\r\n\r\nd'],
  ['a colon alone', 'A: b\r\n: c\r\n', 'A: b\r\n\r\n: c\r\n'],
  ['bytes above 127 in a name', 'A: b\r\nGr\xfc\xdfe: c\r\n', 'A: b\r\n\r\nGr\xfc\xdfe: c\r\n'],
  ['NUL in a name', 'A: b\r\nX\0Y: c\r\n', 'A: b\r\n\r\nX\0Y: c\r\n'],
  ['DEL in a name', 'A: b\r\nX\x7f: c\r\n', 'A: b\r\n\r\nX\x7f: c\r\n'],
  ['a line of mbox behind a field', 'A: b\r\nFrom c\r\nD: e\r\n', 'A: b\r\n\r\nFrom c\r\nD: e\r\n'],
  ['LF alone as line end', 'A: b\nlow. Look.\n', 'A: b\n\r\nlow. Look.\n'],
  ['LF alone as empty line', 'A: b\n\nlow\n', 'A: b\n\nlow\n'],
  [
    'the longest name',
    `${name(FIELD_NAME_BYTES_MAX - 1)}: a\r\n`,
    `${name(FIELD_NAME_BYTES_MAX - 1)}: a\r\n`,
  ],
  // Postfix has no limit for it.
  [
    'a longer name',
    `${name(FIELD_NAME_BYTES_MAX)}: a\r\n`,
    `\r\n${name(FIELD_NAME_BYTES_MAX)}: a\r\n`,
  ],

  // Taken for fields.
  ['white space before the colon', 'A : b\r\nC\t: d : e\r\n\r\n', 'A: b\r\nC: d : e\r\n\r\n'],
  ['a line of white space', 'A: b\r\n \t \r\nC: d\r\n\r\n', 'A: b\r\n \t \r\nC: d\r\n\r\n'],
  ['a web address', 'A: b\r\nhttp://c d\r\n\r\n', 'A: b\r\nhttp://c d\r\n\r\n'],

  // What is dropped.
  [
    'fields of the sender alone',
    'Return-Path: <a@b>\r\nBcc: a,\r\n b\r\n\tc\r\nA: d\r\nRESENT-BCC : e\r\ncontent-length:4\r\n\r\nBcc: f\r\n',
    'A: d\r\n\r\nBcc: f\r\n',
  ],
  ['the last field', 'A: b\r\nBcc: c\r\n', 'A: b\r\n'],
  ['all fields', 'Bcc: c\r\n\r\nd', '\r\nd'],
  ['the only field, without end', 'Bcc: c', ''],
  ['text behind a dropped field', 'Bcc: c\r\nlow. Look.\r\n', '\r\nlow. Look.\r\n'],
  [
    'not what begins or ends so',
    'Bcc2: c\r\nX-Bcc: d\r\nBc: e\r\n',
    'Bcc2: c\r\nX-Bcc: d\r\nBc: e\r\n',
  ],

  // Lines of an mbox.
  ['one', 'From a Mon\r\nA: b\r\n\r\n', 'X-Mailbox-Line: From a Mon\r\nA: b\r\n\r\n'],
  [
    'several, quoted',
    '>From a\r\n>>From b\r\nA: b\r\n\r\n',
    'X-Mailbox-Line: >From a\r\nX-Mailbox-Line: >>From b\r\nA: b\r\n\r\n',
  ],
  ['no line continues one', 'From a\r\n b\r\n', 'X-Mailbox-Line: From a\r\n\r\n b\r\n'],
  ['a From field is none', 'From : a\r\n\r\n', 'From: a\r\n\r\n'],
  ['nor text that begins with >', '> From a\r\n', '\r\n> From a\r\n'],
  ['nor very many >', `${'>'.repeat(300)}From a\r\n`, `\r\n${'>'.repeat(300)}From a\r\n`],
]

describe('MessageCleaning', () => {
  it.each(cases)('%s', (_, message, wanted) => {
    expect(cleaned(message)).toBe(wanted)
    for (const pieceBytes of [1, 2, 3, 7]) {
      expect(cleaned(message, received, pieceBytes), `${pieceBytes}`).toBe(wanted)
    }
  })

  it('changes nothing the second time', () => {
    for (const [, , message] of cases) expect(cleaned(message)).toBe(message)
  })

  it('strips bytes of header and body before it looks at lines', () => {
    const strippedBytes = new Uint8Array(256)
    for (const byte of [0, 255]) strippedBytes[byte] = 1
    for (const pieceBytes of [1, 100]) {
      expect(
        cleaned(
          'B\0cc: a\r\nA\0: b\xff\0\r\n\r\nc\0\xff\0\xfed',
          { ...received, strippedBytes },
          pieceBytes,
        ),
      ).toBe('A: b\r\n\r\nc\xfed')
    }
  })

  it('holds back no more than may become a field name', () => {
    for (const [length, out] of [
      [FIELD_NAME_BYTES_MAX, 0],
      [FIELD_NAME_BYTES_MAX + 1, '\r\n'.length + FIELD_NAME_BYTES_MAX + 1],
    ] as const) {
      expect(new MessageCleaning(received).push(Buffer.from(name(length)))).toHaveLength(out)
    }
  })

  it('drops fields of any letters', () => {
    const rules = { ...received, dropHeaders: ['abcz-yz'] }
    expect(cleaned('ABCZ-yZ: a\r\n[bcz-yz: b\r\nA: c\r\n\r\n', rules)).toBe(
      '[bcz-yz: b\r\nA: c\r\n\r\n',
    )
  })

  it('hands a body on as it is, uncopied', () => {
    const cleaning = new MessageCleaning(received)
    cleaning.push(Buffer.from('A: b\r\n\r\n'))
    const body = Buffer.alloc(100, 'Bcc: a\r\n')
    expect(cleaning.push(body).buffer).toBe(body.buffer)
  })

  it.each([
    ['DKIM-Signature: v=1\r\nA: b\r\n\r\n', true],
    ['A: b\r\ndkim-signature : v=1\r\n\r\n', true],
    ['A: b\r\n\r\nDKIM-Signature: v=1\r\n', false],
    ['A: b\r\nlow. Look.\r\nDKIM-Signature: v=1\r\n', false],
    ['X-DKIM-Signature: v=1\r\n\r\n', false],
  ])('says whether %j is signed', (message, isSigned) => {
    const cleaning = new MessageCleaning(received)
    for (const byte of Buffer.from(message)) cleaning.push(Buffer.from([byte]))
    expect(cleaning.isSigned).toBe(isSigned)
  })
})

describe('Authentication-Results in our name', () => {
  const rules = { ...received, droppedAuthservIds: ['mx.example.test'] }
  const bcc = 'Bcc: a\r\n'
  const own = 'authentication-results :\r\n (c) MX.example.test;\r\n\tspf=pass\r\n'
  const other = 'Authentication-Results: mx.example.test.evil; spf=pass\r\n'
  const nobody = 'Authentication-Results: ;\r\n spf=pass\r\n'
  const hidden = `Authentication-Results:${' '.repeat(AUTHSERV_ID_BYTES_MAX)}mx.example.test; spf=pass\r\n`
  const arc = 'ARC-Authentication-Results: i=1; mx.example.test; spf=pass\r\n'

  it.each([1, 2, 7, 100, Number.POSITIVE_INFINITY])(
    'are left out, in pieces of %d bytes',
    (pieceBytes) => {
      const message = `${own}A: b\r\n${other}${bcc}${own}${hidden}${arc}\r\n${own}`
      const kept = `A: b\r\n${other}${arc}\r\n${own}`
      expect(cleaned(message, rules, pieceBytes)).toBe(kept)
      // At the end of a message that is nothing but header.
      expect(cleaned(`A: b\r\n${own.trimEnd()}`, rules, pieceBytes)).toBe('A: b\r\n')
      expect(cleaned('A: b\r\nAuthentication-Results: mx.example.test', rules, pieceBytes)).toBe(
        'A: b\r\n',
      )
      expect(cleaned('A: b\r\nAuthentication-Results: mx.example', rules, pieceBytes)).toBe(
        'A: b\r\nAuthentication-Results: mx.example',
      )
    },
  )

  it('are left out where they name nobody', () => {
    expect(cleaned(`${nobody}\r\n`, rules)).toBe('\r\n')
  })

  it('stay in mail of whoever is trusted', () => {
    expect(cleaned(`${own}\r\n`)).toBe(`${own.replace(' :', ':')}\r\n`)
  })
})
