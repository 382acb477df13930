// One range of bytes (RFC 9110 §14). Several at once, or what is no range, is as if nobody had asked for one (§14.2).

import type { ByteRange } from '#shared/storage/ports.ts'

export type Ranged = {
  readonly status: 200 | 206 | 416
  readonly part: ByteRange
  readonly headers: { readonly [name: string]: string }
}

/** `etag`: strong, as If-Range wants it (§13.1.5). */
export function rangeOf(
  headers: Headers,
  { bytes, etag }: { readonly bytes: number; readonly etag: string },
): Ranged {
  const whole: Ranged = {
    status: 200,
    part: { offset: 0, length: bytes },
    headers: { 'accept-ranges': 'bytes', 'content-length': String(bytes) },
  }
  const condition = headers.get('if-range')
  if (condition !== null && condition !== etag) return whole
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.get('range') ?? '')
  if (asked === null) return whole
  const [, first = '', last = ''] = asked
  if (first === '' && last === '') return whole
  const offset = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1)
  // §14.1.1: then it is none.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return whole
  if (offset >= bytes || end <= offset) {
    return { status: 416, part: whole.part, headers: { 'content-range': `bytes */${bytes}` } }
  }
  return {
    status: 206,
    part: { offset, length: end - offset },
    headers: {
      'accept-ranges': 'bytes',
      'content-length': String(end - offset),
      'content-range': `bytes ${offset}-${end - 1}/${bytes}`,
    },
  }
}
