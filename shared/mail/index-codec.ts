// A MessageIndex as bytes, to be stored beside the object: a version byte, then every field in the order of the type.
// Numbers are varints (7 bits a byte, low first), strings their length and latin1 bytes. Versions are never reused.

import { ByteReader, ByteWriter, MalformedIndex } from './index/byte-codec.ts'
import { notedFieldNames } from './index/indexed-fields.ts'
import {
  type ByteString,
  type Envelope,
  type EnvelopeAddress,
  type MessageIndex,
  PART_DEPTH_MAX,
  type Parameters,
  type Part,
  type Span,
} from './message-index.ts'

const VERSION = 1
const EIGHT_BIT = 1
const CONTAINS_NUL = 2
/** Versions before noted it of no message. */
const REPEATS_FIELDS = 4
/** Append only: the position is stored. */
const partKinds = ['leaf', 'multipart', 'message'] as const

export function encodeIndex(index: MessageIndex): Uint8Array {
  const to = new ByteWriter()
  to.number(VERSION)
  to.number(index.bytes)
  to.number(index.lines)
  to.hex(index.sha256, SHA256_BYTES)
  to.number(index.headerBytes)
  writeEnvelope(to, index.envelope)
  writePart(to, index.structure)
  to.number(index.receivedFields)
  to.list(index.deliveredTo, (text) => to.text(text))
  to.list(index.has, (name) => to.number(positionIn(notedFieldNames, name)))
  to.number(flagsOf(index))
  to.number(index.lineBytesMax)
  return to.bytes()
}

/** Throws MalformedIndex for anything that `encodeIndex` did not make. */
export function decodeIndex(bytes: Uint8Array): MessageIndex {
  const from = new ByteReader(bytes)
  const version = from.number()
  if (version !== VERSION) throw new MalformedIndex(`version ${version}`)
  const head = {
    bytes: from.number(),
    lines: from.number(),
    sha256: from.hex(SHA256_BYTES),
    headerBytes: from.number(),
    envelope: readEnvelope(from),
    structure: readPart(from, 1),
    receivedFields: from.number(),
    deliveredTo: from.list(() => from.text()),
    has: from.list(() => from.oneOf(notedFieldNames)),
  }
  const flags = from.number()
  if (flags > (EIGHT_BIT | CONTAINS_NUL | REPEATS_FIELDS))
    throw new MalformedIndex(`flags ${flags}`)
  const index = {
    ...head,
    eightBit: (flags & EIGHT_BIT) !== 0,
    containsNul: (flags & CONTAINS_NUL) !== 0,
    repeatsFields: (flags & REPEATS_FIELDS) !== 0,
    lineBytesMax: from.number(),
  }
  from.end()
  return index
}

/** The envelope alone: what most searches and sorts look at. Throws MalformedIndex too. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const from = new ByteReader(bytes)
  const version = from.number()
  if (version !== VERSION) throw new MalformedIndex(`version ${version}`)
  from.number() // bytes
  from.number() // lines
  from.hex(SHA256_BYTES)
  from.number() // headerBytes
  return readEnvelope(from)
}

/** The fact alone, of what `encodeIndex` made: from its end, where the flags stand before the last number. */
export function repeatsFields(bytes: Uint8Array): boolean {
  let at = bytes.length - 2
  while (at > 0 && (bytes[at] ?? 0) > 127) at--
  return ((bytes[at] ?? 0) & REPEATS_FIELDS) !== 0
}

function flagsOf(index: MessageIndex): number {
  return (
    (index.eightBit ? EIGHT_BIT : 0) |
    (index.containsNul ? CONTAINS_NUL : 0) |
    (index.repeatsFields ? REPEATS_FIELDS : 0)
  )
}

function writeEnvelope(to: ByteWriter, envelope: Envelope): void {
  to.optionalText(envelope.date)
  to.optionalText(envelope.subject)
  writeAddresses(to, envelope.from, null)
  writeAddresses(to, envelope.sender, envelope.from)
  writeAddresses(to, envelope.replyTo, envelope.from)
  writeAddresses(to, envelope.to, null)
  writeAddresses(to, envelope.cc, null)
  writeAddresses(to, envelope.bcc, null)
  to.optionalText(envelope.inReplyTo)
  to.optionalText(envelope.messageId)
}

function readEnvelope(from: ByteReader): Envelope {
  const date = from.optionalText()
  const subject = from.optionalText()
  const author = readAddresses(from, null)
  return {
    date,
    subject,
    from: author,
    sender: readAddresses(from, author),
    replyTo: readAddresses(from, author),
    to: readAddresses(from, null),
    cc: readAddresses(from, null),
    bcc: readAddresses(from, null),
    inReplyTo: from.optionalText(),
    messageId: from.optionalText(),
  }
}

type Addresses = readonly EnvelopeAddress[] | null

// 0: null; 1: the same list as `like`, as sender and reply-to mostly are; else the length plus 2.
function writeAddresses(to: ByteWriter, addresses: Addresses, like: Addresses): void {
  if (addresses === null) to.number(0)
  else if (addresses === like) to.number(1)
  else {
    to.number(addresses.length + 2)
    for (const { name, route, mailbox, host } of addresses) {
      for (const text of [name, route, mailbox, host]) to.optionalText(text)
    }
  }
}

function readAddresses(from: ByteReader, like: Addresses): Addresses {
  const code = from.number()
  if (code === 0) return null
  if (code === 1) {
    if (like === null) throw new MalformedIndex('no list to be the same as')
    return like
  }
  return from.times(code - 2, () => ({
    name: from.optionalText(),
    route: from.optionalText(),
    mailbox: from.optionalText(),
    host: from.optionalText(),
  }))
}

function writePart(to: ByteWriter, part: Part): void {
  to.number(positionIn(partKinds, part.kind))
  writeSpan(to, part.header)
  writeSpan(to, part.body)
  to.text(part.type)
  to.text(part.subtype)
  writeParameters(to, part.parameters)
  to.optionalText(part.id)
  to.optionalText(part.description)
  to.text(part.encoding)
  to.number(part.lines)
  to.optionalText(part.md5)
  to.optionalText(part.disposition?.type ?? null)
  if (part.disposition !== null) writeParameters(to, part.disposition.parameters)
  // No list of languages is empty.
  to.list(part.language ?? [], (tag) => to.text(tag))
  to.optionalText(part.location)
  if (part.kind === 'multipart') to.list(part.parts, (child) => writePart(to, child))
  if (part.kind === 'message') {
    writeEnvelope(to, part.envelope)
    writePart(to, part.message)
  }
}

function readPart(from: ByteReader, depth: number): Part {
  if (depth > PART_DEPTH_MAX) throw new MalformedIndex('nested too deep')
  const kind = from.oneOf(partKinds)
  const header = readSpan(from)
  const body = readSpan(from)
  const type = from.text()
  const subtype = from.text()
  const parameters = readParameters(from)
  const id = from.optionalText()
  const description = from.optionalText()
  const encoding = from.text()
  const lines = from.number()
  const md5 = from.optionalText()
  const dispositionType = from.optionalText()
  const disposition =
    dispositionType === null ? null : { type: dispositionType, parameters: readParameters(from) }
  const languages = from.list(() => from.text())
  const language = languages.length === 0 ? null : languages
  const location = from.optionalText()
  const fields = {
    header,
    body,
    type,
    subtype,
    parameters,
    id,
    description,
    encoding,
    lines,
    md5,
    disposition,
    language,
    location,
  }
  if (kind === 'leaf') return { kind, ...fields }
  if (kind === 'message') {
    return { kind, ...fields, envelope: readEnvelope(from), message: readPart(from, depth + 1) }
  }
  const parts = from.list(() => readPart(from, depth + 1))
  if (parts.length === 0) throw new MalformedIndex('multipart without parts')
  return { kind, ...fields, parts }
}

function writeSpan(to: ByteWriter, [offset, length]: Span): void {
  to.number(offset)
  to.number(length)
}

function readSpan(from: ByteReader): Span {
  return [from.number(), from.number()]
}

function writeParameters(to: ByteWriter, parameters: Parameters): void {
  to.list(parameters, ([name, value]) => {
    to.text(name)
    to.text(value)
  })
}

function readParameters(from: ByteReader): Parameters {
  return from.list((): readonly [ByteString, ByteString] => [from.text(), from.text()])
}

function positionIn(table: readonly string[], value: string): number {
  const position = table.indexOf(value)
  if (position < 0) throw new Error(`${value} is in no table of the index encoding`)
  return position
}

const SHA256_BYTES = 32
