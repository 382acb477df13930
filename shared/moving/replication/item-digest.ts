// An item as 16 bytes: equal for equal items of either driver, whatever order their attributes and members have.

import { hash } from 'node:crypto'
import type { Item, Value } from '#shared/storage/ports.ts'

const DIGEST_BYTES = 16

/** Of everything but its key. */
export function itemDigest({ pk: _pk, sk: _sk, ...attributes }: Item): Uint8Array {
  return hash('sha256', canonical(attributes), 'buffer').subarray(0, DIGEST_BYTES)
}

/** Each value says its kind and length, so that no two values have one text. */
function canonical(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`
    case 'number':
      return `n${value};`
    case 'boolean':
      return value ? 't' : 'f'
    default:
      return value === null ? '0' : ofMany(value)
  }
}

function ofMany(value: Exclude<Value, string | number | boolean | null>): string {
  if (value instanceof Uint8Array) {
    return `b${value.length}:${Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')}`
  }
  if (value instanceof Set) {
    const members = [...value].sort()
    return `S${members.length}:${members.map((member) => canonical(member)).join('')}`
  }
  if (isList(value)) return `l${value.length}:${value.map(canonical).join('')}`
  const names = Object.keys(value).sort()
  const map: { readonly [name: string]: Value } = Object(value)
  return `m${names.length}:${names.map((name) => canonical(name) + canonical(map[name] ?? null)).join('')}`
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}
