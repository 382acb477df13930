// What the one-pass indexer finds in a message while it is stored, kept beside the object so that no reader ever parses
// the message again: ENVELOPE and BODYSTRUCTURE (RFC 9051 §7.5.2) with the byte ranges of every part.
//
// Strings here are byte strings: each character is one byte of the message (latin1), so that raw 8-bit header fields
// survive. Header values are unfolded (CRLF before white space removed) and otherwise as sent, encoded words included.

export type ByteString = string

export type MessageIndex = {
  /** Size of the message in bytes. */
  readonly bytes: number
  /** Number of CRLF-ended lines, an unended last line counted. */
  readonly lines: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Bytes of the header including the empty line that ends it (all of the message when there is none). */
  readonly headerBytes: number
  readonly envelope: Envelope
  readonly structure: Part
  /** Facts that decisions need: how often the message passed a server, and who it was already delivered to. */
  readonly receivedFields: number
  readonly deliveredTo: readonly ByteString[]
  /** Which of these field names (lower-case) the header has: date, from, message-id, to, cc, bcc, sender, subject, list-id, auto-submitted, precedence. */
  readonly has: readonly string[]
  /** Whether there are more fields of a kind of which the ENVELOPE tells the first only (against RFC 5322 §3.6). */
  readonly repeatsFields: boolean
  readonly eightBit: boolean
  /** Longest line in bytes without its CRLF. */
  readonly lineBytesMax: number
  readonly containsNul: boolean
}

/** RFC 9051 §7.5.2 ENVELOPE. A missing field is null; an empty address list is null too. */
export type Envelope = {
  readonly date: ByteString | null
  readonly subject: ByteString | null
  readonly from: readonly EnvelopeAddress[] | null
  readonly sender: readonly EnvelopeAddress[] | null // defaults to from
  readonly replyTo: readonly EnvelopeAddress[] | null // defaults to from
  readonly to: readonly EnvelopeAddress[] | null
  readonly cc: readonly EnvelopeAddress[] | null
  readonly bcc: readonly EnvelopeAddress[] | null
  readonly inReplyTo: ByteString | null
  readonly messageId: ByteString | null
}

/** host null: start of a group named by mailbox; mailbox null too: end of the group (RFC 9051 §7.5.2). */
export type EnvelopeAddress = {
  readonly name: ByteString | null
  readonly route: ByteString | null
  readonly mailbox: ByteString | null
  readonly host: ByteString | null
}

/** Byte range in the message: offset and length. */
export type Span = readonly [offset: number, length: number]

export type Parameters = readonly (readonly [name: ByteString, value: ByteString])[]

type PartFields = {
  /** Header of the part including its ending empty line; for the whole message its own header. */
  readonly header: Span
  /** Content of the part, as transferred (still encoded), without the CRLF that belongs to the next boundary. */
  readonly body: Span
  /** Lower-case type and subtype. */
  readonly type: ByteString
  readonly subtype: ByteString
  readonly parameters: Parameters
  readonly id: ByteString | null
  readonly description: ByteString | null
  /** Lower-case transfer encoding, `7bit` when missing. */
  readonly encoding: ByteString
  /** Lines of the body. */
  readonly lines: number
  readonly md5: ByteString | null
  readonly disposition: { readonly type: ByteString; readonly parameters: Parameters } | null
  readonly language: readonly ByteString[] | null
  readonly location: ByteString | null
}

export type Part =
  | (PartFields & { readonly kind: 'leaf' })
  | (PartFields & { readonly kind: 'multipart'; readonly parts: readonly Part[] }) // at least one part
  | (PartFields & { readonly kind: 'message'; readonly envelope: Envelope; readonly message: Part }) // message/rfc822, message/global

/** Beyond these the rest is indexed as one opaque leaf; a message never fails because of them. */
export const PART_DEPTH_MAX = 50
export const PARTS_MAX = 2_000
/** Header bytes of one part that are looked at; the rest of the header still counts into its span. */
export const HEADER_INDEXED_BYTES_MAX = 256 * 1024
/** Addresses kept in one envelope list. */
export const ENVELOPE_ADDRESSES_MAX = 1_000
