// Values of log fields as whoever looks on reads them: without secrets, without characters that control anything, and never long.

import { printable } from './printable.ts'

/** Fields that are never written, should somebody pass them by mistake. */
export const secretFields: readonly string[] = ['password', 'passwordHash', 'secret']
export const HIDDEN = '[hidden]'
/** Of a text in a field, which others may have chosen: a reply, an address, a Message-ID. */
export const FIELD_CHARACTERS_MAX = 2_000

export function readableText(name: string, value: unknown): string | number | boolean | null {
  if (secretFields.includes(name)) return HIDDEN
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  return printable(cutText(textOf(value)))
}

export const cutText = (text: string) =>
  text.length > FIELD_CHARACTERS_MAX ? `${text.slice(0, FIELD_CHARACTERS_MAX)}…` : text

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Error) return errorText(value)
  return asJson(value)
}

export function errorText({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${errorText(cause)}` : message
}

/** A circle or a BigInt: a log line must not fail for it. */
export function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
