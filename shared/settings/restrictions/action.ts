// What a result says: of an access table (Postfix's access(5)), of a policy server (its `action`), of a check of headers or bodies.
// What it means where it is said is policy's matter (services/policy/access/result.ts).

import { parseAddress } from '#shared/mail/address.ts'

export type EnhancedCode = `${2 | 4 | 5}.${number}.${number}`

/** `text` is '' where nothing follows; `status` undefined where the text begins with none. */
type Said = { readonly status: EnhancedCode | undefined; readonly text: string }

export type Action =
  /** OK, RELAY, all digits: some write the time of something there. */
  | { readonly kind: 'permit' }
  /** A result without anything in it, which meant OK in the dark ages. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'dunno' }
  | ({ readonly kind: 'reject' | 'defer' | 'defer-if-permit' | 'defer-if-reject' } & Said)
  /** A code from 400 to 599 with its text. */
  | ({ readonly kind: 'reply'; readonly code: number } & Said)
  | { readonly kind: 'discard' | 'hold' | 'info' | 'warn'; readonly text: string }
  /** `transport:destination` */
  | { readonly kind: 'filter'; readonly destination: string }
  | { readonly kind: 'redirect' | 'bcc'; readonly to: string }
  /** One header field, without line end. */
  | { readonly kind: 'prepend'; readonly field: string }
  /** None of these: restrictions, or a class of them. */
  | { readonly kind: 'restrictions'; readonly text: string }
  /** An action with something behind it that it cannot be done with. */
  | { readonly kind: 'malformed'; readonly reason: string }

/** RFC 5322 §2.1.1, without CRLF. */
export const PREPENDED_BYTES_MAX = 998

/** In the order of the manual. */
export const actionNames = [
  'OK',
  'RELAY',
  'DUNNO',
  'REJECT',
  'DEFER',
  'DEFER_IF_PERMIT',
  'DEFER_IF_REJECT',
  'DISCARD',
  'HOLD',
  'FILTER',
  'REDIRECT',
  'BCC',
  'PREPEND',
  'INFO',
  'WARN',
] as const

export function parseAction(result: string): Action {
  const trimmed = result.trim()
  if (trimmed === '') return { kind: 'empty' }
  // Deliberately as in Postfix: a bare `550` is a number, and numbers are OK.
  if (/^\d+$/.test(trimmed)) return { kind: 'permit' }
  const end = trimmed.search(/\s/)
  const word = end === -1 ? trimmed : trimmed.slice(0, end)
  const text = end === -1 ? '' : trimmed.slice(end).trim()
  if (/^[45]\d\d$/.test(word)) return { kind: 'reply', code: Number(word), ...said(text) }
  switch (word.toUpperCase()) {
    case 'OK':
    case 'RELAY':
      return { kind: 'permit' }
    case 'DUNNO':
      return { kind: 'dunno' }
    case 'REJECT':
      return { kind: 'reject', ...said(text) }
    case 'DEFER':
      return { kind: 'defer', ...said(text) }
    case 'DEFER_IF_PERMIT':
      return { kind: 'defer-if-permit', ...said(text) }
    case 'DEFER_IF_REJECT':
      return { kind: 'defer-if-reject', ...said(text) }
    case 'DISCARD':
      return { kind: 'discard', text }
    case 'HOLD':
      return { kind: 'hold', text }
    case 'INFO':
      return { kind: 'info', text }
    case 'WARN':
      return { kind: 'warn', text }
    case 'FILTER':
      return /^[^\s:]+:\S*$/.test(text)
        ? { kind: 'filter', destination: text }
        : malformed(`FILTER needs transport:destination, not '${text}'`)
    case 'REDIRECT':
      return addressed('redirect', 'REDIRECT', text)
    case 'BCC':
      return addressed('bcc', 'BCC', text)
    case 'PREPEND':
      return prepended(text)
    default:
      return { kind: 'restrictions', text: trimmed }
  }
}

const malformed = (reason: string): Action => ({ kind: 'malformed', reason })

/** RFC 3463 §2 */
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)/

function said(text: string): Said {
  const found = ENHANCED.exec(text)
  if (found === null) return { status: undefined, text }
  return { status: found[1] as EnhancedCode, text: text.slice(found[0].length) }
}

function addressed(kind: 'redirect' | 'bcc', word: string, text: string): Action {
  return text.includes('@') && parseAddress(text) !== undefined
    ? { kind, to: text }
    : malformed(`${word} needs an address user@domain, not '${text}'`)
}

/** RFC 5322 §2.2: field-name ":" and what is printable; a line end would begin another field, or the body. */
const FIELD = /^[\x21-\x39\x3b-\x7e]+:[^\x00-\x08\x0a-\x1f\x7f]*$/

function prepended(field: string): Action {
  if (!field.isWellFormed() || !FIELD.test(field)) {
    return malformed(`PREPEND needs a header field 'Name: value' on one line, not '${field}'`)
  }
  return Buffer.byteLength(field) > PREPENDED_BYTES_MAX
    ? malformed(`PREPEND takes at most ${PREPENDED_BYTES_MAX} bytes`)
    : { kind: 'prepend', field }
}
