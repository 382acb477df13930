// Reads evaluated properties of a resource: what is missing or of another kind throws and says where.

import { isRecord, type JsonRecord } from './json.ts'

export type Properties = JsonRecord

export function properties(value: unknown, where = 'properties'): Properties {
  if (value === undefined) return {}
  if (isRecord(value)) return value
  throw new Error(`${where}: not an object`)
}

export function list(from: Properties, name: string): readonly unknown[] {
  const value = from[name] ?? []
  if (!Array.isArray(value)) throw new Error(`${name}: not a list`)
  return value
}

export function records(from: Properties, name: string): readonly Properties[] {
  return list(from, name).map((item) => properties(item, name))
}

export function record(from: Properties, name: string): Properties {
  return properties(from[name], name)
}

export function text(from: Properties, name: string): string {
  const value = optionalText(from, name)
  if (value === undefined) throw new Error(`${name} is missing`)
  return value
}

export function optionalText(from: Properties, name: string): string | undefined {
  const value = from[name]
  if (value === undefined) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Error(`${name}: not text`)
}

export function number(from: Properties, name: string, otherwise?: number): number {
  const value = optionalText(from, name)
  if (value === undefined && otherwise !== undefined) return otherwise
  const parsed = Number(value)
  if (value === undefined || !Number.isFinite(parsed)) throw new Error(`${name}: not a number`)
  return parsed
}

/** `[{ Name, Value }]` as ECS has it, or with other names of the two. */
export function pairs(
  from: Properties,
  name: string,
  [key, value]: readonly [string, string],
): Readonly<Record<string, string>> {
  return Object.fromEntries(records(from, name).map((item) => [text(item, key), text(item, value)]))
}
