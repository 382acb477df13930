import { isAscii } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import type { ReadMessage } from '#services/delivery/remote/outbound-form.ts'
import { hasEightBitHeader, toSevenBit } from '#services/delivery/remote/seven-bit.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { fixture, fixtureNames } from '#test/support/corpus.ts'
import { decodeTransfer } from '#test/support/decode-transfer.ts'
import { indexOf } from '#test/unit/shared/mail/index-of.ts'

/** The message in pieces of this size. */
function reading(message: Uint8Array, chunkBytes: number): ReadMessage {
  return async function* (length = message.length) {
    for (let at = 0; at < length; at += chunkBytes) {
      yield message.subarray(at, Math.min(length, at + chunkBytes))
    }
  }
}

async function converted(message: Buffer, chunkBytes = message.length): Promise<Buffer> {
  const { structure } = indexOf(message)
  const chunks: Uint8Array[] = []
  for await (const chunk of toSevenBit(reading(message, chunkBytes), structure)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const bytesOf = (...lines: readonly string[]) => Buffer.from(lines.join('\r\n'), 'latin1')
const convert = async (...lines: readonly string[]) =>
  (await converted(bytesOf(...lines))).toString('latin1').split('\r\n')

describe('toSevenBit', () => {
  it('writes a body as quoted-printable and says so where it said otherwise', async () => {
    expect(
      await convert(
        'Subject: x',
        'content-transfer-encoding: 8bit',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'Gr\xc3\xbc\xc3\x9fe = greetings \t',
        '',
        'plain',
        '',
      ),
    ).toEqual([
      'Subject: x',
      'Content-Transfer-Encoding: quoted-printable',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Gr=C3=BC=C3=9Fe =3D greetings =09',
      '',
      'plain',
      '',
    ])
  })

  it('says so in a message that is no MIME', async () => {
    expect(await convert('Subject: x', '', '\xe4\0')).toEqual([
      'Subject: x',
      'Content-Transfer-Encoding: quoted-printable',
      'MIME-Version: 1.0',
      '',
      '=E4=00',
    ])
  })

  it('replaces a folded field, and the second one too', async () => {
    const field = ['Content-Transfer-Encoding:', ' 8bit']
    expect(await convert(...field, 'Subject: x', ...field, '', '\xe4')).toEqual([
      'Content-Transfer-Encoding: quoted-printable',
      'Subject: x',
      'MIME-Version: 1.0',
      '',
      '=E4',
    ])
  })

  it('converts those parts that need it, and corrects what holds them', async () => {
    const message = (inner: readonly string[], eight: string, more: string) => [
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      `Content-Transfer-Encoding: ${eight}`,
      '',
      'preamble',
      '--b',
      '',
      'plain',
      '--b',
      'Content-Type: text/plain',
      ...inner,
      '--b',
      'Content-Transfer-Encoding: base64',
      '',
      '5A==',
      '--b',
      'Content-Type: message/rfc822',
      `Content-Transfer-Encoding: ${eight}`,
      '',
      'Subject: in it',
      ...(more === '' ? ['', '\xfc'] : [more, 'MIME-Version: 1.0', '', '=FC']),
      '--b--',
      '',
    ]
    const quoted = 'Content-Transfer-Encoding: quoted-printable'
    expect(await convert(...message(['', '\xe4'], '8bit', ''))).toEqual(
      message([quoted, '', '=E4'], '7bit', quoted),
    )
  })

  it('ends the header of a part that was ended by its text', async () => {
    const part = (...lines: readonly string[]) => [
      'Content-Type: multipart/mixed; boundary=b',
      'MIME-Version: 1.0',
      '',
      '--b',
      ...lines,
      '--b--',
      '',
    ]
    const quoted = 'Content-Transfer-Encoding: quoted-printable'
    expect(await convert(...part('Content-Type: text/plain', 'Gr\xfc\xdfe: x'))).toEqual(
      part('Content-Type: text/plain', quoted, '', 'Gr=FC=DFe: x'),
    )
    expect(await convert(...part('Content-Transfer-Encoding: 8bit', 'Gr\xfc\xdfe'))).toEqual(
      part(quoted, '', 'Gr=FC=DFe'),
    )
    // What a boundary ended holds nothing, and has nothing to be told from.
    const nested = (encoding: string) => [
      `Content-Transfer-Encoding: ${encoding}`,
      'Content-Type: multipart/mixed; boundary=b',
    ]
    expect(await convert(...part(...nested('8bit'), '--b', '', 'Gr\xfc\xdfe'))).toEqual(
      part(...nested('7bit'), '--b', quoted, '', 'Gr=FC=DFe'),
    )
  })

  it.each([
    ['8-bit header fields', ['Subject: \xe4', '', 'plain']],
    ['what is encoded already', ['Content-Transfer-Encoding: base64', '', '\xe45A==']],
    [
      'a part of a message',
      ['MIME-Version: 1.0', 'Content-Type: message/partial; id=x; number=1; total=2', '', '\xe4'],
    ],
    ['a multipart without parts', ['Content-Type: multipart/mixed; boundary=b', '', '\xe4']],
    ['a message that is nothing but a header', ['Subject: x\xe4']],
    ['ASCII of any form', ['Subject: x', '', 'x'.repeat(3_000), '=', ' \t', '']],
  ])('leaves %s as it is', async (_, lines) => {
    expect(await convert(...lines)).toEqual(lines)
  })

  it('keeps its lines short, and boundaries out of their beginnings', async () => {
    const line = `${'x'.repeat(74)}--b\xe4${'-'.repeat(300)}${'\xe4'.repeat(300)}`
    const [, , , , ...body] = await convert('Subject: x', '', line, line)
    expect(Math.max(...body.map((one) => one.length))).toBe(76)
    expect(body.filter((one) => one.startsWith('-'))).toEqual([])
  })

  it('is undone by decoding, whatever the message and its pieces', async () => {
    let count = 0
    for (const name of fixtureNames()) {
      const message = withEightBit(fixture(name))
      const { structure } = indexOf(message)
      const whole = await converted(message)
      for (const chunkBytes of [1, 7, 1_000]) {
        expect((await converted(message, chunkBytes)).equals(whole), name).toBe(true)
      }
      const after = leaves(indexOf(whole).structure)
      const before = leaves(structure)
      expect(after.length, name).toBe(before.length)
      for (const [i, leaf] of before.entries()) {
        const now = after[i]
        if (now === undefined) throw new Error(name)
        expect(decoded(whole, now), `${name} ${i}`).toEqual(decoded(message, leaf))
        if (now.encoding === 'quoted-printable') {
          expect(isAscii(slice(whole, now.body))).toBe(true)
          if (leaf.encoding !== now.encoding) count += 1
        }
      }
    }
    expect(count).toBeGreaterThan(20)
  })
})

describe('hasEightBitHeader', () => {
  const part = ['--b', 'Content-Type: text/plain; name=x', '', '\xe4', '']
  const multipart = ['Content-Type: multipart/mixed; boundary=b', '', '\xe4', ...part]
  it.each([
    [false, ['Subject: x', '', '\xe4']],
    [true, ['Subject: \xe4', '', 'x']],
    [false, multipart],
    [true, [...multipart, '--b', 'Content-Description: \xe4', '', 'x', '--b--']],
    [true, ['Content-Type: message/rfc822', '', 'Subject: \xe4', '', 'x']],
    [false, ['']],
    [true, ['Subject: \xe4']],
  ])('%s: %j', async (expected, lines) => {
    const message = bytesOf(...lines)
    const { structure } = indexOf(message)
    for (const chunkBytes of [1, 1_000]) {
      expect(await hasEightBitHeader(reading(message, chunkBytes), structure)).toBe(expected)
    }
  })
})

function leaves(part: Part): readonly Part[] {
  if (part.kind === 'leaf') return [part]
  return (part.kind === 'multipart' ? part.parts : [part.message]).flatMap(leaves)
}

/** The same with every fifth letter of plain bodies beyond ASCII. */
function withEightBit(original: Buffer): Buffer {
  const message = Buffer.from(original)
  for (const { body, encoding } of leaves(indexOf(message).structure)) {
    if (encoding !== '7bit' && encoding !== '8bit') continue
    const bytes = slice(message, body)
    for (let at = 0; at < bytes.length; at += 5) {
      const byte = bytes[at] ?? 0
      if (byte >= 0x61) bytes[at] = byte | 0x80
    }
  }
  return message
}

const slice = (message: Buffer, [offset, length]: Part['body']) =>
  message.subarray(offset, offset + length)

function decoded(message: Buffer, { body, encoding }: Part): string {
  const bytes = slice(message, body)
  return Buffer.from(decodeTransfer(bytes, encoding) ?? bytes).toString('latin1')
}
