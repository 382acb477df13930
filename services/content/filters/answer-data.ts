// Reading what a filter answers as JSON: a filter may lie, so nothing of it is trusted before it was looked at.

import { FilterFailure } from '../filter-step.ts'

export type JsonObject = { readonly [name: string]: unknown }

/** Rejects what is no object. */
export function parseAnswer(body: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // Told below.
  }
  throw new FilterFailure('the answer is no JSON object')
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** The texts of a list, or the one text. */
export const textsOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')

const REPLY_CHARACTERS_MAX = 300

/** Fit for a reply or a line in the log. */
export const oneLine = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, REPLY_CHARACTERS_MAX)

/** Of an address as filters write them: with or without angle brackets. */
export function bareAddress(given: string): string {
  const text = given.trim()
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text
}
