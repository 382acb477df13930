import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  REPLY_BYTES_KEPT_MAX,
  REPLY_BYTES_MAX,
  REPLY_LINE_BYTES_MAX,
  type Reply,
  ReplyReader,
} from '#services/delivery/remote/client/reply.ts'

function read(bytes: Uint8Array, cuts: readonly number[] = []): (Reply | 'endless')[] {
  const reader = new ReplyReader()
  const replies: (Reply | 'endless')[] = []
  let from = 0
  for (const to of [
    ...cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b),
    bytes.length,
  ]) {
    reader.push(bytes.subarray(from, to))
    from = to
    for (let next = reader.next(); next !== undefined; next = reader.next()) replies.push(next)
  }
  return replies
}

const of = (text: string) => read(Buffer.from(text))
const plain = (code: number, ...lines: readonly string[]) => ({ code, lines, isGarbled: false })

describe('ReplyReader', () => {
  it.each([
    ['250 ok\r\n', [plain(250, '250 ok')]],
    ['250\r\n', [plain(250, '250')]],
    // A lone line feed ends a line, as for everybody.
    ['250 ok\n251 too\n', [plain(250, '250 ok'), plain(251, '251 too')]],
    ['250-one\r\n250 two\r\n', [plain(250, '250-one', '250 two')]],
    ['250-one\r\n', []],
    ['250 on', []],
    // RFC 5321 §4.2.1: the last line ends the reply, and its code counts.
    ['250-ok\r\n550 not ok\r\n', [plain(550, '250-ok', '550 not ok')]],
    ['550-no\r\n250 yes\r\n', [plain(250, '550-no', '250 yes')]],
    // What has no code goes on, and is noticed where it begins a reply.
    ['250-one\r\nmore of it\r\n250 two\r\n', [plain(250, '250-one', 'more of it', '250 two')]],
    ['what?\r\n250 ok\r\n', [{ code: 250, lines: ['what?', '250 ok'], isGarbled: true }]],
    ['\r\n250 ok\r\n', [{ code: 250, lines: ['', '250 ok'], isGarbled: true }]],
    ...['2', '2 ok', '250ok', '2500 ok', '999 ok', '050 ok', '354\tgo', ''].map(
      (line): [string, never[]] => [`${line}\r\n`, []],
    ),
    ['250 a\r\n550 b\r\n', [plain(250, '250 a'), plain(550, '550 b')]],
    ['550 5.1.1 ünbekannt\r\n', [plain(550, '550 5.1.1 ünbekannt')]],
  ])('reads %j', (text, replies) => {
    expect(of(text)).toEqual(replies)
  })

  it('reads the same however the bytes are cut', () => {
    const line = fc.oneof(
      fc.stringMatching(/^[1-5]\d\d[ -][a-z .]{0,20}$/),
      fc.stringMatching(/^[1-5]\d\d$/),
      fc.string({ maxLength: 20 }),
    )
    const end = fc.constantFrom('\r\n', '\n')
    const text = fc.array(fc.tuple(line, end)).map((lines) => lines.flat().join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(400)), (said, cuts) => {
        const bytes = Buffer.from(said)
        expect(read(bytes, cuts)).toEqual(read(bytes))
        const bytewise = Array.from(bytes, (_, i) => i)
        expect(read(bytes, bytewise)).toEqual(read(bytes))
      }),
    )
  })

  it('never throws, and hands out no more than came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const lines = read(bytes).flatMap((reply) => (reply === 'endless' ? [] : reply.lines))
        expect(lines.length).toBeLessThanOrEqual(bytes.filter((byte) => byte === 10).length)
      }),
    )
  })

  it('keeps the beginning of a long line', () => {
    const [reply] = of(`550 ${'x'.repeat(10_000)}\r\n`)
    expect(reply).toMatchObject({ code: 550, lines: [expect.stringMatching(/^550 x+$/)] })
    expect(Object(reply).lines[0]).toHaveLength(REPLY_LINE_BYTES_MAX)
  })

  it('keeps the beginning of a long reply, and its end counts', () => {
    const line = `250-${'x'.repeat(500)}\r\n`
    const [reply, more] = of(`${line.repeat(1_000)}554 no\r\n`)
    expect(more).toBeUndefined()
    expect(reply).toMatchObject({ code: 554 })
    const { lines }: Reply = Object(reply)
    expect(lines.join('').length).toBeLessThanOrEqual(REPLY_BYTES_KEPT_MAX)
  })

  it('gives up a reply, or a line, that does not end', () => {
    const reader = new ReplyReader()
    for (const piece of ['250-x\r\n', 'y']) {
      for (let bytes = 0; bytes <= REPLY_BYTES_MAX; bytes += 7_000) {
        reader.push(Buffer.from(piece.repeat(7_000 / piece.length)))
      }
      expect(reader.next()).toBe('endless')
    }
  })

  it('counts what was not handed out', () => {
    const reader = new ReplyReader()
    reader.push(Buffer.from('250 a\r\n250 b\r\n25'))
    expect(reader.pendingBytes).toBe(16)
    reader.next()
    reader.next()
    expect(reader.pendingBytes).toBe(2)
  })
})
