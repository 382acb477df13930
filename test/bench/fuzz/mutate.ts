// Bytes that are nearly right.

import type { Random } from './random.ts'

const pieces = [
  ...'"\\(){}<>@:;,.=?&%*[]~+-\r\n\t \0',
  '\r\n',
  '\r\n\r\n',
  '\r\n ',
  '{3}\r\n',
  '{3+}\r\n',
  '~{3+}\r\n',
  '{99999999999999999999}',
  '=?utf-8?q?=C3?=',
  '=?utf-8?b?////?=',
  '&AAA-',
  '\xff\xfe',
  '\xed\xa0\x80',
  '4294967295',
  '4294967296',
  '-1',
  '1:*',
  'NIL',
  '--b',
  '--b--',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Transfer-Encoding: base64\r\n',
].map((text) => Buffer.from(text, 'latin1'))

/** A copy with a few changes, or none. */
export function mutated(bytes: Uint8Array, random: Random, changesMax = 4): Buffer {
  let result = Buffer.from(bytes)
  for (let left = random.below(changesMax + 1); left > 0; left--) {
    const at = random.below(result.length + 1)
    const length = random.onceIn(4) ? random.below(result.length - at + 1) : random.below(8)
    const before = result.subarray(0, at)
    switch (random.below(5)) {
      case 0:
        result = Buffer.concat([before, random.one(pieces), result.subarray(at)])
        break
      case 1:
        result = Buffer.concat([before, result.subarray(at + length)])
        break
      case 2:
        // Again and again, but not without end.
        result = Buffer.concat([
          before,
          ...Array.from({ length: 1 + random.below(20) }, () => result.subarray(at, at + 200)),
          result.subarray(at),
        ])
        break
      case 3:
        if (at < result.length) result[at] = random.below(256)
        break
      default:
        result = Buffer.concat([before, random.one(pieces), result.subarray(at + length)])
    }
  }
  return result
}
