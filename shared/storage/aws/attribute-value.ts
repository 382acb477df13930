// The port's `Value` as DynamoDB's typed attribute values and back.

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { type Item, StorageMisuse, type Value } from '../ports.ts'
import { packBytes, unpackBytes } from './packed-bytes.ts'

export type Attributes = Record<string, AttributeValue>

export function toAttributes(item: { readonly [attribute: string]: Value }): Attributes {
  const attributes: Attributes = {}
  for (const name in item) {
    const value = item[name]
    if (value !== undefined) attributes[name] = toAttribute(value)
  }
  return attributes
}

export function toAttribute(value: Value): AttributeValue {
  switch (typeof value) {
    case 'string':
      return { S: value }
    case 'number':
      return { N: String(value) }
    case 'boolean':
      return { BOOL: value }
    case 'object':
      if (value === null) return { NULL: true }
      if (value instanceof Uint8Array) return { B: packBytes(value) }
      if (isSet(value)) return { SS: [...value] }
      if (isList(value)) return { L: value.map(toAttribute) }
      return { M: toAttributes(value) }
    default:
      throw new StorageMisuse(`a ${typeof value} cannot be stored`)
  }
}

export function toItem(attributes: Attributes): Item {
  const item: { pk: string; sk: string; [attribute: string]: Value } = { pk: '', sk: '' }
  for (const name in attributes) {
    const attribute = attributes[name]
    if (attribute !== undefined) item[name] = toValue(attribute)
  }
  return item
}

function toValue(attribute: AttributeValue): Value {
  if (attribute.S !== undefined) return attribute.S
  if (attribute.N !== undefined) return Number(attribute.N)
  if (attribute.BOOL !== undefined) return attribute.BOOL
  if (attribute.B !== undefined) return unpackBytes(attribute.B)
  if (attribute.SS !== undefined) return new Set(attribute.SS)
  if (attribute.L !== undefined) return attribute.L.map(toValue)
  if (attribute.M !== undefined) {
    const map: Record<string, Value> = {}
    for (const [name, member] of Object.entries(attribute.M)) map[name] = toValue(member)
    return map
  }
  if (attribute.NULL === true) return null
  throw new StorageMisuse(`attribute of a type we never write: ${Object.keys(attribute).join()}`)
}

function isSet(value: object): value is ReadonlySet<string> {
  return value instanceof Set
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}
