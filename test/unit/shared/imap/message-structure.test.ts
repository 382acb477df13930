// ENVELOPE, BODY and BODYSTRUCTURE as they go over the wire, from a decoded and from an encoded index, read back by an
// independent reader and compared with what RFC 9051 §7.5.2 says should stand there.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EncodedIndex } from '#shared/imap/encoded-index.ts'
import type { MessageForm } from '#shared/imap/message-form.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { MalformedIndex } from '#shared/mail/index/byte-codec.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import type {
  ByteString,
  Envelope,
  EnvelopeAddress,
  MessageIndex,
  Parameters,
  Part,
} from '#shared/mail/message-index.ts'
import { joinContinuations } from '#shared/mail/parameter-continuations.ts'
import { fixture, fixtureNames } from '#test/support/corpus.ts'
import { writeBody, writeBodyStructure } from '#test/support/decoded-body-structure.ts'
import { writeEnvelope } from '#test/support/decoded-envelope.ts'
import { indexOf } from '#test/unit/shared/mail/index-of.ts'
import { type ResponseValue, readResponse } from './read-response.ts'

const nil = { atom: 'NIL' }
const string = (text: ByteString): ResponseValue => text.replaceAll('\0', ' ')
const nstring = (text: ByteString | null): ResponseValue => (text === null ? nil : string(text))
const number = (value: number): ResponseValue => ({ atom: `${value}` })

function envelopeValue(envelope: Envelope): ResponseValue {
  const addresses = (list: readonly EnvelopeAddress[] | null) =>
    list === null || list.length === 0
      ? nil
      : list.map(({ name, route, mailbox, host }) => [name, route, mailbox, host].map(nstring))
  return [
    nstring(envelope.date),
    nstring(envelope.subject),
    addresses(envelope.from),
    addresses(envelope.sender),
    addresses(envelope.replyTo),
    addresses(envelope.to),
    addresses(envelope.cc),
    addresses(envelope.bcc),
    nstring(envelope.inReplyTo),
    nstring(envelope.messageId),
  ]
}

/** An encoded message: no envelope, and a body of nothing. */
const noEnvelope = Array.from({ length: 10 }, () => nil)
const emptyText = [
  ...['text', 'plain', ['charset', 'us-ascii'], nil, nil, '7bit'],
  ...[number(0), number(0)],
]

function partValue(part: Part, extended: boolean, form: MessageForm): ResponseValue {
  const parameters = (list: Parameters) =>
    list.length === 0 ? nil : joinContinuations(list).flat().map(string)
  const disposition =
    part.disposition === null
      ? nil
      : [string(part.disposition.type), parameters(part.disposition.parameters)]
  const language = part.language === null ? nil : part.language.map(string)
  const extension = [disposition, language, nstring(part.location)]
  if (part.kind === 'multipart') {
    return [
      ...part.parts.map((child) => partValue(child, extended, form)),
      string(part.subtype),
      ...(extended ? [parameters(part.parameters), ...extension] : []),
    ]
  }
  return [
    string(part.type),
    string(part.subtype),
    parameters(part.parameters),
    nstring(part.id),
    nstring(part.description),
    string(part.encoding),
    number(part.body[1]),
    ...messageValue(part, extended, form),
    ...(part.type === 'text' && !isMessage(part, form) ? [number(part.lines)] : []),
    ...(extended ? [nstring(part.md5), ...extension] : []),
  ]
}

function isMessage(part: Part, form: MessageForm): boolean {
  if (part.subtype === 'global' && form === 'rfc822') return false
  return (
    part.kind === 'message' || /^message\/(?:rfc822|global)$/.test(`${part.type}/${part.subtype}`)
  )
}

function messageValue(part: Part, extended: boolean, form: MessageForm): ResponseValue[] {
  if (!isMessage(part, form)) return []
  if (part.kind !== 'message') {
    return [
      noEnvelope,
      [...emptyText, ...(extended ? [nil, nil, nil, nil] : [])],
      number(part.lines),
    ]
  }
  return [envelopeValue(part.envelope), partValue(part.message, extended, form), number(part.lines)]
}

function bytesOf(write: (to: ResponseWriter) => void, utf8: boolean): Buffer {
  const writer = new ResponseWriter()
  writer.utf8 = utf8
  write(writer)
  return writer.takeBuffer()
}

/** All three items, both ways, with and without UTF-8. */
function check(index: MessageIndex, name: string): void {
  const encoded = encodeIndex(index)
  for (const [utf8, form] of [
    [false, 'rfc822'],
    [true, 'rfc822 and global'],
  ] as const) {
    const envelope = bytesOf((to) => writeEnvelope(to, index.envelope), utf8)
    const body = bytesOf((to) => writeBody(to, index.structure, form), utf8)
    const structure = bytesOf((to) => writeBodyStructure(to, index.structure, form), utf8)
    expect(readResponse(envelope, { utf8 }), name).toEqual(envelopeValue(index.envelope))
    expect(readResponse(body, { utf8 }), name).toEqual(partValue(index.structure, false, form))
    expect(readResponse(structure, { utf8 }), name).toEqual(partValue(index.structure, true, form))
    const direct = new EncodedIndex(encoded)
    // In this order and again: each must find its place by itself.
    for (let round = 0; round < 2; round++) {
      expect(bytesOf((to) => direct.writeBody(to, form), utf8).equals(body), name).toBe(true)
      expect(bytesOf((to) => direct.writeEnvelope(to), utf8).equals(envelope), name).toBe(true)
      expect(
        bytesOf((to) => direct.writeBodyStructure(to, form), utf8).equals(structure),
        name,
      ).toBe(true)
    }
  }
}

const text = fc.oneof(
  fc.constantFrom('', 'text', 'plain', 'a b', 'NIL'),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const optional = fc.option(text)
const size = fc.oneof(fc.nat(300), fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER))
const address = fc.record({ name: optional, route: optional, mailbox: optional, host: optional })
const addresses = fc.option(fc.array(address, { minLength: 1, maxLength: 3 }))
const envelopes: fc.Arbitrary<Envelope> = fc
  .record({
    date: optional,
    subject: optional,
    from: addresses,
    sender: addresses,
    replyTo: addresses,
    to: addresses,
    cc: addresses,
    bcc: addresses,
    inReplyTo: optional,
    messageId: optional,
    senderIsFrom: fc.boolean(),
  })
  .map(({ senderIsFrom, ...envelope }) =>
    senderIsFrom ? { ...envelope, sender: envelope.from, replyTo: envelope.from } : envelope,
  )
const sectioned = fc.constantFrom('n*0', 'N*1', 'n*1*', 'n*2', 'n', 'n*')
const parameters = fc.array(fc.tuple(fc.oneof(text, sectioned), text), { maxLength: 4 })
const fields = fc.record({
  header: fc.tuple(size, size),
  body: fc.tuple(size, size),
  type: fc.oneof(text, fc.constant('message')),
  subtype: fc.oneof(text, fc.constantFrom('rfc822', 'global')),
  parameters,
  id: optional,
  description: optional,
  encoding: text,
  lines: size,
  md5: optional,
  disposition: fc.option(fc.record({ type: text, parameters })),
  language: fc.option(fc.array(text, { minLength: 1, maxLength: 3 })),
  location: optional,
})
const { part } = fc.letrec<{ part: Part; leaf: Part }>((tie) => ({
  leaf: fields.map((given) => ({ kind: 'leaf' as const, ...given })),
  part: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(fields, fc.array(tie('part'), { minLength: 1, maxLength: 3 }))
      .map(([given, parts]) => ({ kind: 'multipart' as const, ...given, parts })),
    fc.tuple(fields, envelopes, tie('part')).map(([given, envelope, message]) => ({
      kind: 'message' as const,
      ...given,
      envelope,
      message,
    })),
  ),
}))

describe('ENVELOPE, BODY and BODYSTRUCTURE', () => {
  it('of every message of the corpus are what the index says', () => {
    for (const name of fixtureNames()) check(indexOf(fixture(name)), name)
  })

  it('of any index at all stay within the grammar', () => {
    const base = indexOf('x')
    fc.assert(
      fc.property(envelopes, part, (envelope, structure) => {
        check({ ...base, envelope, structure }, 'made up')
      }),
      { numRuns: 300 },
    )
  })

  it('of a plain message read like the example of RFC 9051 §8', () => {
    const index = indexOf(
      [
        'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
        'From: Terry Gray <gray@cac.washington.edu>',
        'Subject: IMAP4rev2 WG mtg summary and minutes',
        'To: imap@cac.washington.edu',
        'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
        'Message-Id: <B27397-0100000@cac.washington.edu>',
        'MIME-Version: 1.0',
        'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
        '',
        'Lines',
        '',
      ].join('\r\n'),
    )
    expect(bytesOf((to) => writeEnvelope(to, index.envelope), false).toString()).toBe(
      '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
        '((NIL NIL "imap" "cac.washington.edu")) ' +
        '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
        '"<B27397-0100000@cac.washington.edu>")',
    )
    expect(bytesOf((to) => writeBody(to, index.structure, 'rfc822'), false).toString()).toBe(
      '("text" "plain" ("CHARSET" "US-ASCII") NIL NIL "7bit" 7 1)',
    )
  })
})

describe('EncodedIndex', () => {
  const whole = encodeIndex(indexOf(fixture('attached-message')))
  const renderAll = (bytes: Uint8Array) => {
    const index = new EncodedIndex(bytes)
    const to = new ResponseWriter()
    index.writeEnvelope(to)
    index.writeBody(to, 'rfc822')
    index.writeBodyStructure(to, 'rfc822')
  }

  it('refuses another version', () => {
    const other = Buffer.from(whole)
    other[0] = 2
    expect(() => new EncodedIndex(other)).toThrow(MalformedIndex)
  })

  it('refuses an index cut before its structure ends', () => {
    for (let length = 0; length < 60; length++) {
      expect(() => renderAll(whole.subarray(0, length)), `${length}`).toThrow(MalformedIndex)
    }
  })

  it('refuses changed bytes or renders something, and nothing else', () => {
    let refused = 0
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 1, 5, 127, 128, 255]) {
        const changed = Buffer.from(whole)
        changed[at] = value
        try {
          renderAll(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedIndex)
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(100)
  })
})
