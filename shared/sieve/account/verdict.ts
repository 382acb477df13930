// What policy found of a message, as RFC 5235 asks for it: from the header fields that filters write, which settings name as Pigeonhole's do
// (sieve_spamtest_status_header and others), and from what the queue knows.

import type { Settings } from '#shared/settings/table.ts'
import type { Header } from '#shared/sieve/message.ts'
import type { MessageVerdict } from '#shared/sieve/run/context.ts'

export type VerdictOptions = Pick<
  Settings,
  | 'sieveSpamtestStatusHeader'
  | 'sieveSpamtestStatusType'
  | 'sieveSpamtestMaxValue'
  | 'sieveVirustestStatusHeader'
>

export function verdictOf(
  header: Header,
  isJunk: boolean,
  options: VerdictOptions,
): MessageVerdict {
  return { spamPercent: spamOf(header, isJunk, options), virus: virusOf(header, options) }
}

function spamOf(header: Header, isJunk: boolean, options: VerdictOptions): number | undefined {
  const { sieveSpamtestStatusHeader: name, sieveSpamtestMaxValue: max } = options
  if (name === '') return isJunk || isYes(header.values('x-spam')[0]) ? 100 : undefined
  const value = header.values(name)[0]?.trim()
  if (value === undefined) return isJunk ? 100 : undefined
  const score = options.sieveSpamtestStatusType === 'strlen' ? runLength(value) : scoreIn(value)
  if (score === undefined || max <= 0) return undefined
  return Math.round(Math.min(100, Math.max(0, (score / max) * 100)))
}

/** How often the first character stands there in a row: `*****`. */
function runLength(value: string): number {
  let length = 0
  while (length < value.length && value[length] === value[0]) length++
  return length
}

/** The number behind `score=`, or the first one: `Yes, score=7.3 required=5`, `7.3 / 15`. */
function scoreIn(value: string): number | undefined {
  const text = value.slice(0, VALUE_CHARACTERS_MAX)
  const found =
    /score=\s*([-+]?\d{1,9}(?:\.\d{1,9})?)/i.exec(text) ?? /([-+]?\d{1,9}(?:\.\d{1,9})?)/.exec(text)
  return found === null ? undefined : Number(found[1])
}

const VALUE_CHARACTERS_MAX = 1_000

function virusOf(header: Header, options: VerdictOptions): MessageVerdict['virus'] {
  const { sieveVirustestStatusHeader: name } = options
  const value = name === '' ? undefined : header.values(name)[0]?.trim().toLowerCase()
  if (value === undefined || value === '') return 0
  const digit = Number(value[0])
  if (digit >= 0 && digit <= 5 && value.length === 1) return digit as MessageVerdict['virus']
  const clean = ['clean', 'no', 'not', 'none', 'false'].some((word) => value.startsWith(word))
  return clean ? 1 : 5
}

const isYes = (value: string | undefined) => value?.trim().toLowerCase().startsWith('yes') === true
