// What a line of a pattern table wants of a message (header_checks(5)).

import type { ByteString } from '#shared/mail/message-index.ts'

/** The words, and what stands behind each. */
export const checkActions = {
  reject: 'text',
  discard: 'text',
  hold: 'text',
  ignore: 'nothing',
  strip: 'text',
  info: 'text',
  warn: 'text',
  prepend: 'line',
  replace: 'line',
  redirect: 'address',
  filter: 'destination',
  bcc: 'address',
  dunno: 'nothing',
  pass: 'text',
} as const satisfies {
  readonly [verb: string]: 'text' | 'nothing' | 'line' | 'address' | 'destination'
}

export type CheckVerb = keyof typeof checkActions

export type CheckAction = {
  readonly verb: CheckVerb
  /** With `$1` and its like; '' where there is none. */
  readonly text: ByteString
}

export function parseAction(text: string): CheckAction | undefined {
  const [word = ''] = /^\S*/.exec(text) ?? []
  const verb = word.toLowerCase()
  if (!isVerb(verb)) return undefined
  const rest = text.slice(word.length)
  return { verb, text: Buffer.from(rest.trim(), 'utf8').toString('latin1') }
}

function isVerb(word: string): word is CheckVerb {
  return Object.hasOwn(checkActions, word)
}

/** What is wrong with it, behind a pattern of so many groups. */
export function actionFault(
  { verb, text }: CheckAction,
  { isNegated, groups }: { readonly isNegated: boolean; readonly groups: number },
): string | undefined {
  const word = verb.toUpperCase()
  const highest = Math.max(0, ...references(text))
  if (isNegated && highest > 0) return 'what did not match has no $1'
  if (highest > groups) return `$${highest} is no group of the pattern`
  switch (checkActions[verb]) {
    case 'nothing':
      return text === '' ? undefined : `nothing stands behind ${word}`
    case 'line':
      return text === '' ? `${word} what?` : undefined
    case 'address':
      return text === '' || /[\s<>,]/.test(text) ? `${word} to which address?` : undefined
    case 'destination':
      return /^[^\s:]+:\S*$/.test(text) ? undefined : `${word} transport:destination`
    case 'text':
      return undefined
  }
}

const REFERENCE = /\$(?:\$|([0-9]{1,2})|\{([0-9]{1,2})\}|\(([0-9]{1,2})\))/g

function references(text: string): readonly number[] {
  return [...text.matchAll(REFERENCE)].map((match) => Number(match[1] ?? match[2] ?? match[3] ?? 0))
}

/** With the groups that matched, the whole match first. */
export function substituted(text: ByteString, groups: readonly ByteString[]): ByteString {
  return text.replace(REFERENCE, (whole, plain, braced, bracketed) => {
    const number = plain ?? braced ?? bracketed
    return whole === '$$' ? '$' : (groups[Number(number)] ?? '')
  })
}
