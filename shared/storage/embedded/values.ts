// Items as bytes: MessagePack of the attributes without the key, which is the lmdb key already. Records and shared
// structures stay off: they would be state shared by two processes.

import { Packr } from 'msgpackr'
import type { Item, Value } from '../ports.ts'

const packr = new Packr({ useRecords: false, moreTypes: true, variableMapSize: true })

export function encodeItem(item: Item): Uint8Array {
  const { pk: _pk, sk: _sk, ...attributes } = item
  return packr.pack(attributes)
}

/** Only `encodeItem` writes these bytes, so their type is known. */
export function decodeItem(pk: string, sk: string, bytes: Uint8Array): Item {
  const attributes = packr.unpack(bytes) as { [attribute: string]: Value }
  attributes.pk = pk
  attributes.sk = sk
  return attributes as Item
}
