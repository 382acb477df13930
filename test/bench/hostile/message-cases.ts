// Messages made to cost the indexer as much as a message can, and their growing forms.

import { encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'

export type MessageCase = {
  readonly name: string
  /** Of about so many bytes. */
  readonly make: (bytes: number) => Buffer
}

export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024
const CHUNK_BYTES = 65_536
const HEADER_END = '\r\n\r\n'

/** Depth of nesting that costs most; the indexer goes no deeper. */
const DEPTH = 48

function repeat(name: string, unit: string, head = '', tail = ''): MessageCase {
  return {
    name,
    make: (bytes) =>
      Buffer.from(
        head + unit.repeat(Math.max(1, Math.floor((bytes - head.length) / unit.length))) + tail,
        'latin1',
      ),
  }
}

/** Multiparts in each other with the boundaries given, then lines. */
function nested(name: string, boundary: (depth: number) => string, line: string): MessageCase {
  const head = Array.from(
    { length: DEPTH },
    (_, depth) =>
      `Content-Type: multipart/mixed; boundary="${boundary(depth)}"${HEADER_END}--${boundary(depth)}\r\n`,
  ).join('')
  return repeat(name, line, `${head}\r\n`)
}

const long = 'b'.repeat(980)
const multipart = `Content-Type: multipart/mixed; boundary=b${HEADER_END}`

export const messageCases: readonly MessageCase[] = [
  repeat('lines without a colon', 'a\r\n'),
  repeat('one line without a colon', 'a'),
  repeat('empty fields', ':\r\n'),
  repeat('fields of one letter', 'a:\r\n'),
  repeat('Subject again and again', 'Subject: a\r\n'),
  repeat('To again and again', 'To: a@b,\r\n'),
  repeat('Received again and again', 'Received: a\r\n'),
  repeat('Delivered-To again and again', 'Delivered-To: a\r\n'),
  repeat('Content-Type again and again', 'Content-Type: a/b\r\n'),
  repeat('one folded field', '\r\n a', 'Subject: a'),
  repeat('one folded address list', 'a@b,\r\n ', 'To: '),
  repeat('one comment', '(', 'To: '),
  repeat('comments', '(a)', 'To: '),
  repeat('quotes', '"', 'To: '),
  repeat('parameters', ';a=b', 'Content-Type: a/b'),
  repeat('sections of a parameter', ';a*1=b', 'Content-Type: a/b'),
  repeat('one giant field', 'a', 'Subject: '),
  repeat('bare CR', '\r'),
  repeat('bare LF', '\n'),
  repeat('empty lines', '\r\n', HEADER_END),
  repeat('lines of two dashes', '--\r\n', multipart),
  repeat('boundaries without end', '--b\r\n', multipart),
  repeat('closing boundaries', '--b--\r\n', multipart),
  repeat(
    'boundary prefixes',
    '--a--a--a\r\n',
    `Content-Type: multipart/mixed; boundary=a--a--b${HEADER_END}`,
  ),
  repeat(
    'parts with fields',
    '--b\r\nContent-Type: text/plain; charset=x; name=y\r\n\r\n',
    multipart,
  ),
  repeat('parts of digests', '--b\r\n\r\nTo: a\r\n\r\n', multipart.replace('mixed', 'digest')),
  repeat('headers of 200 KB', `--b\r\nTo: ${'a@b, '.repeat(40_000)}\r\n\r\n`, multipart),
  repeat(
    'messages in each other',
    `Content-Type: message/rfc822${HEADER_END}`,
    `Content-Type: message/rfc822${HEADER_END}`,
  ),
  repeat('multiparts in each other', `--b\r\n${multipart}`, multipart),
  {
    name: 'multiparts in each other, each with its boundary',
    make(bytes) {
      let text = ''
      for (let n = 0; text.length < bytes; n++) {
        text += `Content-Type: multipart/mixed; boundary=b${n}${HEADER_END}--b${n}\r\n`
      }
      return Buffer.from(text)
    },
  },
  nested('nested, boundaries that end alike', (depth) => `${depth}${long}`, `--x${long}x\r\n`),
  nested('nested, boundaries that begin alike', (depth) => `${long}${depth}`, `--${long}x\r\n`),
  nested(
    'nested, boundaries that differ in the first byte',
    (depth) => `${String.fromCharCode(48 + depth)}${long}`,
    `--~${long}\r\n`,
  ),
  nested('nested, short boundaries', (depth) => `${depth}`, '--x\r\n'),
  nested(
    'nested, the innermost again and again',
    (depth) => `b${depth}`,
    `--b${DEPTH - 1}\r\n\r\n`,
  ),
  nested('nested, the outermost again and again', (depth) => `b${depth}x`, '--b0x\r\n\r\n'),
]

export function indexed(message: Buffer): unknown {
  const indexer = new MessageIndexer()
  for (let at = 0; at < message.length; at += CHUNK_BYTES) {
    indexer.push(message.subarray(at, at + CHUNK_BYTES))
  }
  return encodeIndex(indexer.finish())
}
