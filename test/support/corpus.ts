// Messages for every test that passes mail through: the committed ones of test/fixtures/messages and large or odd ones
// made here. All could come by SMTP: with BDAT (RFC 3030) every one of them byte for byte, with DATA those that end with
// CRLF and have no bare line ends.

import { readdirSync, readFileSync } from 'node:fs'

export type CorpusMessage = {
  readonly name: string
  readonly bytes: Uint8Array
  /** It has a CR or LF alone, which DATA must not carry (RFC 5321 §2.3.8). */
  readonly bareLineEnds: boolean
  /** It has bytes and does not end with CRLF; DATA would add one. */
  readonly unended: boolean
  /** It has bytes above 127 or NUL: needs 8BITMIME or BINARYMIME (RFC 6152, RFC 3030). */
  readonly sevenBit: boolean
}

const LARGE_BYTES = 10_000_000

const messagesFolder = new URL('../fixtures/messages/', import.meta.url)

/** Makes the messages one after the other, so that only one large one is in memory at a time. */
export function* corpus(): Generator<CorpusMessage> {
  for (const file of fixtureNames()) yield corpusMessage(file, fixture(file))
  for (const [name, make] of Object.entries(made)) yield corpusMessage(name, Buffer.from(make()))
}

/** Names of the committed messages, without ending. */
export function fixtureNames(): readonly string[] {
  return readdirSync(messagesFolder)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => name.slice(0, -'.eml'.length))
    .sort()
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`${name}.eml`, messagesFolder))
}

function corpusMessage(name: string, bytes: Buffer): CorpusMessage {
  const text = bytes.toString('latin1')
  return {
    name,
    bytes,
    bareLineEnds: /(?<!\r)\n|\r(?!\n)/.test(text),
    unended: bytes.length > 0 && !text.endsWith('\r\n'),
    sevenBit: !/[^\x01-\x7f]/.test(text),
  }
}

const header = [
  'From: Corpus <corpus@example.org>',
  'To: reader@example.org',
  'Date: Fri, 20 Nov 2026 12:00:00 +0000',
  'Subject: corpus',
  'MIME-Version: 1.0',
  '',
].join('\r\n')

const made: Record<string, () => Buffer | string> = {
  '0 bytes': () => '',
  '1 byte': () => 'x',
  'only CRLF': () => '\r\n',
  'only empty lines': () => '\r\n'.repeat(1000),
  'no body': () => `${header}\r\n`,
  'dot lines': () =>
    `${header}\r\n${['.', '..', '...', '.x', '', '.', ' .', 'x.', '.'].join('\r\n')}\r\n`,
  'begins with a dot': () => '.\r\n..\r\n',
  'dot at every chunk border': () => `${header}\r\n${'.\r\n'.repeat(30_000)}`,
  'all bytes but CR and LF': () => Buffer.concat([Buffer.from(`${header}\r\n`), allBytes()]),
  'all byte values': () =>
    Buffer.concat([
      Buffer.from(`${header}\r\n`),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      Buffer.from('\r\n'),
    ]),
  'NUL bytes': () => `Subject: a\0b\r\n\0\r\n\r\n\0\0\0\r\n${'\0'.repeat(70_000)}\r\n`,
  'lone CR at the end': () => `${header}\r\nx\r`,
  'CR CR LF': () => `${header}\r\na\r\r\nb\r\r\r\n\r\r\n`,
  'LF CR': () => `${header}\r\na\n\rb\n\r`,
  'smuggling endings': () => `${header}\r\na\n.\nb\r.\rc\n.\r\nd\r\n.\ne\r\n`,
  'long lines': () => `${header}\r\n${[997, 998, 999, 1000, 1001, 70_000].map(line).join('')}`,
  'a header line of 200 KB': () => `Subject: ${'s'.repeat(200_000)}\r\n\r\nbody\r\n`,
  'a folded header field of 200 KB': () => `Subject: s${'\r\n s'.repeat(50_000)}\r\n\r\nbody\r\n`,
  '10,000 header fields': () => `${'X-Field: value\r\n'.repeat(10_000)}${header}\r\nbody\r\n`,
  '500 KB header': () => `X-Big: ${'b'.repeat(500_000)}\r\n${header}\r\nbody\r\n`,
  '1,000 recipients': () =>
    `To: ${Array.from({ length: 1000 }, (_, i) => `"R ${i}" <r${i}@example.org>`).join(',\r\n ')}\r\n\r\nx\r\n`,
  '3,000 parts': () =>
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\npart\r\n'.repeat(3000)}--b--\r\n`,
  'multiparts nested 100 deep': () => nested(100),
  'a 10 MB line': () => `${header}\r\n${'x'.repeat(LARGE_BYTES - header.length - 4)}\r\n`,
  '10 MB text': () => filled('', 'The quick brown fox jumps over the lazy dog.\r\n'),
  '10 MB of dot lines': () => filled('', '..\r\n'),
  '10 MB of empty lines': () => filled('', '\r\n'),
  '10 MB base64 attachment': () =>
    filled(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee attachment\r\n' +
        '--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n',
      `${'QUJD'.repeat(19)}\r\n`,
      '--b--\r\n',
    ),
}

function line(length: number): string {
  return `${'x'.repeat(length)}\r\n`
}

function allBytes(): Buffer {
  const rows: number[] = []
  for (let byte = 0; byte < 256; byte++) {
    if (byte === 10 || byte === 13) continue
    rows.push(byte)
    if (byte % 64 === 63) rows.push(13, 10)
  }
  return Buffer.from(rows)
}

function nested(depth: number): string {
  let text = ''
  for (let i = 0; i < depth; i++) {
    text += `Content-Type: multipart/mixed; boundary=b${i}x\r\n\r\n--b${i}x\r\n`
  }
  text += '\r\ninnermost\r\n'
  for (let i = depth - 1; i >= 0; i--) text += `--b${i}x--\r\n`
  return text
}

/** A message of LARGE_BYTES bytes whose body is one line again and again, the last repetition cut to fit. */
function filled(fields: string, repeated: string, end = ''): Buffer {
  const head = `${header}${fields}\r\n`
  const bodyBytes = LARGE_BYTES - head.length - end.length
  const whole = Math.floor((bodyBytes - 2) / repeated.length) * repeated.length
  const bytes = Buffer.alloc(LARGE_BYTES, 'x')
  bytes.write(head, 0, 'latin1')
  bytes.fill(repeated, head.length, head.length + whole)
  bytes.write(`\r\n${end}`, LARGE_BYTES - end.length - 2, 'latin1')
  return bytes
}
