// Reads fields of JSON answers without trusting what is in them.

import { TemporaryFailure } from '#shared/runtime/errors.ts'

export function parseObject(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new TemporaryFailure('an answer that is not JSON', { cause: error })
  }
  if (!isObject(value)) throw new TemporaryFailure('an answer that is not a JSON object')
  return value
}

export function textOf(value: object, name: string): string | undefined {
  const field: unknown = Reflect.get(value, name)
  return typeof field === 'string' ? field : undefined
}

/** Throws when there is none. */
export function fieldOf(value: object, name: string): string {
  const text = textOf(value, name)
  if (text === undefined) throw new TemporaryFailure(`an answer without ${name}`)
  return text
}

export function objectOf(value: object, name: string): object | undefined {
  const field: unknown = Reflect.get(value, name)
  return isObject(field) ? field : undefined
}

export function listOf(value: object, name: string): readonly unknown[] {
  const field: unknown = Reflect.get(value, name)
  return Array.isArray(field) ? field : []
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
