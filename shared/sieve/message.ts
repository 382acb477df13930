// The message as scripts see it: its header whole, the rest by parts, on demand. It never changes: what a script edits is another one
// (`changed`), so that an action holds the message as it was when it was said.

import { parseAddressList } from '#shared/mail/address-list.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import type { HeaderField } from '#shared/mail/header-field.ts'
import type { ByteString, EnvelopeAddress, Part } from '#shared/mail/message-index.ts'
import type { HeaderLines } from './header-lines.ts'

export interface SieveMessage {
  /** Octets of it as it came, whatever was changed since (RFC 5228 §5.9). */
  readonly size: number
  header(): Promise<Header> | Header
  /** The outermost part; those in it are what `parts` says. */
  structure(): Part
  /** The parts right below: where one was replaced, the one in its place. */
  parts(part: Part): readonly Part[]
  /** The header fields of a part of this message, or of one before it was changed. */
  partHeader(part: Part): Promise<Header> | Header
  /** The same as it stands, with the empty line. */
  rawHeader(part: Part): AsyncIterable<Uint8Array>
  /** Content of a leaf, still in its transfer encoding, in pieces. */
  content(part: Part): AsyncIterable<Uint8Array>
  /** Of a multipart what stands before its first part and behind its last one, delimiters among it. */
  frame(part: Part): readonly AsyncIterable<Uint8Array>[]
  /** All behind the header, as it is transferred. */
  body(): AsyncIterable<Uint8Array>
  /** Of what a script made: the bytes to store. Undefined of the message as it came, which nobody needs to write again. */
  readonly changed: (() => AsyncIterable<Uint8Array>) | undefined
  /** Of one that a script enclosed in another: it as it was, which `redirect` sends (RFC 5703 §6). */
  readonly enclosed: SieveMessage | undefined
  /** The header as it can be edited. */
  lines(): Promise<HeaderLines>
  withLines(lines: HeaderLines): SieveMessage
  /**
   * With the MIME entity in place of a part, which may be of one before. In place of the outermost part it gives the content alone: the
   * header is for `withLines`. Throws LimitExceeded.
   */
  withPart(part: Part, entity: Uint8Array): { readonly message: SieveMessage; readonly part: Part }
  /** As an attachment of another one with this header (its boundary in it) and text, an entity. Throws LimitExceeded. */
  encloseIn(lines: HeaderLines, boundary: string, text: Uint8Array): SieveMessage
}

/** Header fields, found by name: many rules ask for the same few. */
export class Header {
  /** From the top; values unfolded, byte strings. */
  readonly fields: readonly HeaderField[]
  #byName: Map<string, ByteString[]> | undefined
  readonly #texts = new Map<string, readonly string[]>()
  readonly #addresses = new Map<string, readonly EnvelopeAddress[]>()

  constructor(fields: readonly HeaderField[]) {
    this.fields = fields
  }

  /** The values of the fields of this name, in any case, in order. */
  values(name: string): readonly ByteString[] {
    this.#byName ??= byName(this.fields)
    return this.#byName.get(name.toLowerCase()) ?? none
  }

  /** The same as Unicode, encoded words decoded (RFC 5228 §2.7.2). */
  texts(name: string): readonly string[] {
    const key = name.toLowerCase()
    let texts = this.#texts.get(key)
    if (texts === undefined) {
      texts = this.values(key).map(decodeHeaderText)
      this.#texts.set(key, texts)
    }
    return texts
  }

  /** All addresses in the fields of this name. */
  addresses(name: string): readonly EnvelopeAddress[] {
    const key = name.toLowerCase()
    let addresses = this.#addresses.get(key)
    if (addresses === undefined) {
      addresses = this.values(key).flatMap((value) => parseAddressList(value) ?? none)
      this.#addresses.set(key, addresses)
    }
    return addresses
  }
}

const none: readonly never[] = []

function byName(fields: readonly HeaderField[]): Map<string, ByteString[]> {
  const found = new Map<string, ByteString[]>()
  for (const { name, value } of fields) {
    const key = name.toLowerCase()
    const values = found.get(key)
    if (values) values.push(value)
    else found.set(key, [value])
  }
  return found
}
