// The header fields an index is made of, picked out of a header in one scan.

import { forEachField, unfold } from '../header-field.ts'
import type { ByteString } from '../message-index.ts'

/** Names noted in `MessageIndex.has`. Their order is part of the encoding: append only. */
export const notedFieldNames = [
  'date',
  'from',
  'message-id',
  'to',
  'cc',
  'bcc',
  'sender',
  'subject',
  'list-id',
  'auto-submitted',
  'precedence',
] as const

const indexedNames: ReadonlySet<string> = new Set([
  ...notedFieldNames,
  'reply-to',
  'in-reply-to',
  'received',
  'delivered-to',
  'x-original-to',
  'x-at-source',
  'content-type',
  'content-transfer-encoding',
  'content-id',
  'content-description',
  'content-disposition',
  'content-language',
  'content-location',
  'content-md5',
  'tls-required',
])

/** Received fields and what deliveries write above them, in order, as sent. */
export type Trace = readonly { readonly name: string; readonly body: ByteString }[]

const traceNames: ReadonlySet<string> = new Set([
  'received',
  'delivered-to',
  'x-original-to',
  'x-at-source',
])

export class IndexedFields {
  readonly #bodies = new Map<string, ByteString[]>()
  readonly trace: { readonly name: string; readonly body: ByteString }[] = []

  constructor(header: ByteString) {
    forEachField(header, (name, body) => {
      const lower = name.toLowerCase()
      if (!indexedNames.has(lower)) return
      if (traceNames.has(lower)) this.trace.push({ name: lower, body })
      const bodies = this.#bodies.get(lower)
      if (bodies === undefined) this.#bodies.set(lower, [body])
      else bodies.push(body)
    })
  }

  has(name: string): boolean {
    return this.#bodies.has(name)
  }

  count(name: string): number {
    return this.#bodies.get(name)?.length ?? 0
  }

  /** The first field of this name, unfolded: of fields that must not repeat, the topmost is what readers show. */
  first(name: string): ByteString | null {
    const body = this.#bodies.get(name)?.[0]
    return body === undefined ? null : unfold(body)
  }

  all(name: string): readonly ByteString[] {
    return this.#bodies.get(name)?.map(unfold) ?? []
  }
}
