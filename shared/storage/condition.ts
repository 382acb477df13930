// Evaluates conditions on a stored item with DynamoDB's meaning: strings compare by their UTF-8 bytes, operands of different
// types are never equal, greater or smaller, and a missing item has no attributes. Used by the embedded driver and by fault
// wrappers; DynamoDB evaluates its own.

import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import type { Condition, Item, Value } from './ports.ts'

/** Whether the condition is true of the stored item. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  if ('exists' in condition) return item?.[condition.exists] !== undefined
  if ('absent' in condition) return item?.[condition.absent] === undefined
  if ('is' in condition) {
    return compares(item?.[condition.attribute], condition.is, condition.value)
  }
  if ('contains' in condition) {
    const stored = item?.[condition.attribute]
    return stored instanceof Set && stored.has(condition.contains)
  }
  if ('all' in condition) return condition.all.every((part) => holds(part, item))
  if ('any' in condition) return condition.any.some((part) => holds(part, item))
  return !holds(condition.not, item)
}

type Operator = '=' | '<' | '<=' | '>' | '>='

function compares(stored: Value | undefined, operator: Operator, operand: Value): boolean {
  if (operator === '=') return stored !== undefined && isSame(stored, operand)
  const order = orderOf(stored, operand)
  if (order === undefined) return false
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

function isSame(stored: Value, operand: Value): boolean {
  if (stored === operand) return true
  // Lists and maps: member by member.
  return typeof operand === 'object' && isDeepStrictEqual(stored, operand)
}

function orderOf(stored: Value | undefined, operand: Value) {
  if (typeof stored === 'number' && typeof operand === 'number') return stored - operand
  if (typeof stored === 'string' && typeof operand === 'string') return compareUtf8(stored, operand)
  return undefined
}

/** Order of UTF-8 bytes. UTF-16 units (JavaScript's `<`) would put U+10000 and above before U+E000. */
export function compareUtf8(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
