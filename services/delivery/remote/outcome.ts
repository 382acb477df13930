// How an attempt ended for a recipient: from another host's reply, or in our own words with an RFC 3463 status. The words are Postfix's.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { EnhancedStatus } from '#shared/contracts/policy.ts'

/** Of another host's words, what is kept for logs and bounces. */
export const REPLY_CHARACTERS_MAX = 1_000

export function defer(status: EnhancedStatus, reply: string): Undelivered {
  return { kind: 'deferred', status, reply }
}

export function fail(status: EnhancedStatus, reply: string): Undelivered {
  return { kind: 'failed', status, reply }
}

/** The same failure, but worth another try. */
export function makeTemporary({ status, reply }: Undelivered): Undelivered {
  const [, ...detail] = status.split('.').map(Number)
  return defer(`4.${detail[0] ?? 0}.${detail[1] ?? 0}`, reply)
}

/**
 * What a refusal means: 5yz is final, 4yz may change (RFC 5321 §4.2.1), and anything else has no place there and is a breach of the
 * protocol, which another try would not mend. The last line counts. `peer` is who said it, `command` what to.
 */
export function readReply(response: string, peer: string, command?: string): Undelivered {
  const place = command === undefined ? '' : ` (in reply to ${command})`
  return readWords(response, `host ${peer} said: ${oneLine(response)}${place}`)
}

/** The same, told in other words. */
export function readWords(response: string, words: string): Undelivered {
  const last = response.slice(response.lastIndexOf('\n') + 1)
  const [, code, ownClass, subject, detail] = REFUSAL.exec(last) ?? []
  if (code === undefined) {
    return fail('5.5.0', last.startsWith('2') ? `Protocol error: ${words}` : words)
  }
  // RFC 2034 §4: the classes of both codes are the same; where they are not, the enhanced one means nothing.
  const rest: `${number}.${number}` =
    code === ownClass ? `${Number(subject)}.${Number(detail)}` : '0.0'
  return code === '5' ? fail(`5.${rest}`, words) : defer(`4.${rest}`, words)
}

const REFUSAL = /^([45])\d\d(?:$|[ -] *(?:([245])\.(\d{1,3})\.(\d{1,3})(?!\S))?)/

/** Several lines become one, and nothing in it can break a log or a header field. */
export function oneLine(response: string): string {
  const line = response.replace(/\r?\n/g, ' ').replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '?')
  return line.slice(0, REPLY_CHARACTERS_MAX).toWellFormed()
}
