// Addresses in header fields of what leaves, as generic(5) wants them. Found once, when the message is opened; the step puts them in place
// of what stands there, whatever the steps before did to the rest.

import { formatAddress } from '#shared/mail/address.ts'
import {
  formatFieldAddress,
  parseAddressField,
  parseFieldAddress,
  REWRITTEN_ADDRESSES_MAX,
  roleOfField,
} from '#shared/mail/address-field.ts'
import { EDITED_HEADER_BYTES_MAX } from '#shared/mail/header-edits.ts'
import { fieldEnd } from '#shared/mail/header-field.ts'
import { HeaderReader } from '#shared/mail/header-reader.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { Generic } from './leaving-envelope.ts'
import type { OutboundStep } from './outbound-form.ts'

/** Fields as they stand, and what they become; each whole. */
export type ChangedFields = ReadonlyMap<ByteString, ByteString>

export async function genericFields(header: ByteString, generic: Generic): Promise<ChangedFields> {
  const changed = new Map<ByteString, ByteString>()
  const known = new Map<ByteString, ByteString>()
  for (const field of fieldsOf(header)) {
    if (roleOfField(field.slice(0, Math.max(0, field.indexOf(':'))).trim()) === undefined) continue
    const parsed = parseAddressField(field)
    if (parsed === undefined) continue
    for (const text of parsed.addresses) {
      if (known.has(text)) continue
      if (known.size >= REWRITTEN_ADDRESSES_MAX) break
      known.set(text, await genericOf(text, generic))
      const wait = turns.step()
      if (wait) await wait
    }
    const rewritten = parsed.withAddresses((text) => known.get(text) ?? text)
    if (rewritten !== undefined) changed.set(field, rewritten)
  }
  return changed
}

async function genericOf(text: ByteString, generic: Generic): Promise<ByteString> {
  const address = parseFieldAddress(text, undefined)
  if (address === undefined) return text
  const before = formatAddress(address)
  const after = await generic(before)
  const changed = after === before ? undefined : parseFieldAddress(after, undefined)
  return changed === undefined ? text : formatFieldAddress(changed)
}

/** A step of what leaves. The size that a host is told grows with the fields. */
export function putFields(changed: ChangedFields): OutboundStep {
  let growth = 0
  for (const [before, after] of changed) growth += Math.max(0, after.length - before.length)
  return (form) => ({
    ...form,
    fields: withFields(form.fields, changed),
    declaredBytes: form.declaredBytes + growth,
    object: (length) => rewritten(form.object(length), changed),
  })
}

const withFields = (header: ByteString, changed: ChangedFields): ByteString =>
  fieldsOf(header)
    .map((field) => changed.get(field) ?? field)
    .join('')

/** A header that is longer than is held passes as it is. */
async function* rewritten(
  object: AsyncIterable<Uint8Array>,
  changed: ChangedFields,
): AsyncGenerator<Uint8Array> {
  const reader = new HeaderReader(EDITED_HEADER_BYTES_MAX)
  let held: Uint8Array[] | undefined = []
  for await (const chunk of object) {
    if (held === undefined) {
      yield chunk
      continue
    }
    held.push(chunk)
    reader.push(chunk)
    if (!reader.ended && !reader.tooLong) continue
    yield* passed(held, reader, changed)
    held = undefined
  }
  if (held !== undefined) yield* passed(held, reader, changed)
}

function* passed(
  held: readonly Uint8Array[],
  reader: HeaderReader,
  changed: ChangedFields,
): Generator<Uint8Array> {
  if (reader.tooLong) {
    yield* held
    return
  }
  const { text } = reader
  yield Buffer.from(withFields(text, changed), 'latin1')
  const rest = Buffer.concat(held).subarray(text.length)
  if (rest.length > 0) yield rest
}

function fieldsOf(header: ByteString): ByteString[] {
  const fields: ByteString[] = []
  for (let start = 0; start < header.length; ) {
    const end = fieldEnd(header, start)
    fields.push(header.slice(start, end))
    start = end
  }
  return fields
}
