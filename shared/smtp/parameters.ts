// The parameters of MAIL and RCPT: Mail-parameters = esmtp-param *(SP esmtp-param) (RFC 5321 §4.1.2).

import type { PathOptions } from './path.ts'
import { SmtpSyntaxError } from './syntax.ts'

/** How a listener reads MAIL and RCPT. */
export type CommandOptions = PathOptions & {
  /** Whether the parameters of RFC 3461 are taken: only where EHLO offers DSN. */
  readonly offersDsn?: boolean
}

/** By keyword in capitals; null is a keyword without a value. */
export type Parameters = ReadonlyMap<string, string | null>

const none: Parameters = new Map()

// esmtp-param = esmtp-keyword ["=" esmtp-value]; RFC 6531 §3.3 adds UTF-8 to the value.
const parameter = / +([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?(?= |$)/y

/** Everything from `at` to the end of the text. */
export function readParameters(text: string, at: number, expected: string): Parameters {
  if (at === text.length) return none
  const parameters = new Map<string, string | null>()
  for (let next = at; next < text.length; next = parameter.lastIndex) {
    parameter.lastIndex = next
    const match = parameter.exec(text)
    if (!match) throw new SmtpSyntaxError({ kind: 'command', expected })
    const keyword = (match[1] ?? '').toUpperCase()
    // RFC 5321 §4.1.1.11 leaves open what a second one would mean; RFC 3461 §4 forbids it.
    if (parameters.has(keyword)) throw new SmtpSyntaxError({ kind: 'parameter', keyword })
    parameters.set(keyword, match[2] ?? null)
  }
  return parameters
}

/** The value if it reads well; a parameter whose value does not is a fault of the command. */
export function readValue<T>(
  keyword: string,
  value: string | null,
  read: (value: string) => T | undefined,
): T {
  const result = value === null ? undefined : read(value)
  if (result === undefined) throw new SmtpSyntaxError({ kind: 'parameter', keyword })
  return result
}

export function forbidValue(keyword: string, value: string | null): true {
  if (value !== null) throw new SmtpSyntaxError({ kind: 'parameter', keyword })
  return true
}

const dsnKeywords = new Set(['RET', 'ENVID', 'NOTIFY', 'ORCPT'])

/** RFC 5321 §4.1.1.11: a parameter of an extension that was not offered is unknown. Whoever asks to be notified learns that nobody will. */
export function refuseDsn(keyword: string, { offersDsn = false }: CommandOptions): void {
  if (!offersDsn && dsnKeywords.has(keyword)) {
    throw new SmtpSyntaxError({ kind: 'unknown-parameter', keyword })
  }
}
