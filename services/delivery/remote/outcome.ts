// How an attempt ended for a recipient: from another host's reply, or in our own words with an RFC 3463 status.

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
  return defer(`4.${detailOf(status)}`, reply)
}

/**
 * 5yz is final, everything else that is not success may change (RFC 5321 §4.2.1). `peer` is who said it; `command` tells what to, where the
 * words do not sound like a refusal.
 */
export function readReply(response: string, peer: string, command?: string): Undelivered {
  const place = command === undefined || /^[45]/.test(response) ? '' : ` (in reply to ${command})`
  const reply = `host ${peer} said: ${oneLine(response)}${place}`
  const [, code = '', status = ''] =
    /^(\d)\d\d(?:[ -]+([245]\.\d{1,3}\.\d{1,3})(?!\S))?/.exec(response) ?? []
  // RFC 2034 §4: the classes of both codes are the same; where they are not, the basic code counts.
  const rest = detailOf(status)
  return code === '5' ? fail(`5.${rest}`, reply) : defer(`4.${rest}`, reply)
}

/** Several lines become one, and nothing in it can break a log or a header field. */
export function oneLine(response: string): string {
  return response
    .replace(/\r?\n\d{3}[ -]?/g, ' ')
    .replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')
    .slice(0, REPLY_CHARACTERS_MAX)
}

/** Subject and detail of a status, 0.0 when there is none. */
function detailOf(status: string): `${number}.${number}` {
  const [, subject, point] = status.split('.')
  return `${Number(subject ?? 0)}.${Number(point ?? 0)}`
}
