// What a filter answers to an event, and what the client is told for it.

import type { EnhancedStatus, SmtpReply } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { MilterDefaultAction } from '#shared/settings/milters.ts'
import { decodeStrings, MilterFailure, type Packet } from './packet.ts'

export type MilterAnswer =
  | { readonly kind: 'continue' }
  /** No more of this is wanted: pieces of the body. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'discard' }
  | { readonly kind: 'refuse'; readonly reply: SmtpReply }

const rejected: SmtpReply = { code: 550, status: '5.7.1', text: 'Command rejected' }
const tryLater: SmtpReply = {
  code: 451,
  status: '4.7.1',
  text: 'Service unavailable - try again later',
}
const shutsDown: SmtpReply = {
  code: 421,
  status: '4.7.0',
  text: 'Server closing connection',
}
const unavailable: SmtpReply = { code: 550, status: '5.5.0', text: 'Service unavailable' }

/** Undefined for what is no answer to an event: a change of the message. */
export function milterAnswer({ command, data }: Packet): MilterAnswer | undefined {
  switch (command) {
    case 'c':
      return { kind: 'continue' }
    case 's':
      return { kind: 'skip' }
    case 'a':
      return { kind: 'accept' }
    case 'd':
      return { kind: 'discard' }
    case 'r':
      return { kind: 'refuse', reply: rejected }
    case 't':
      return { kind: 'refuse', reply: tryLater }
    case '4':
      return { kind: 'refuse', reply: shutsDown }
    case 'y':
      return { kind: 'refuse', reply: ownReply(data) }
    case 'f':
      throw new MilterFailure('says that it failed')
    default:
      return undefined
  }
}

/** What is said in place of a filter that failed; undefined: the message goes on without it. */
export function defaultReply(action: MilterDefaultAction): SmtpReply | undefined {
  switch (action) {
    case 'tempfail':
      return tryLater
    case 'reject':
      return unavailable
    case 'shutdown':
      return shutsDown
    case 'accept':
    case 'quarantine':
      return undefined
    default:
      return unreachable(action)
  }
}

const REPLY_LINE = /^([45]\d\d)(?:[ -](?:([245]\.\d{1,3}\.\d{1,3})(?: |$))?|$)/

/** `550 5.7.1 text`, in several lines `550-5.7.1 text`; percent signs are doubled (smfi_setreply). */
function ownReply(data: Buffer): SmtpReply {
  const [text = ''] = decodeStrings(data, 'utf8')
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const [first = ''] = lines
  const [, code = '', status = ''] = REPLY_LINE.exec(first) ?? []
  if (code === '') throw new MilterFailure('gives a reply without a code of refusal')
  const texts = lines.map((line) => line.replace(REPLY_LINE, '').replaceAll('%%', '%').trim())
  return {
    code: Number(code),
    status: statusOf(code, status),
    text: texts.filter((one) => one !== '').join(' '),
  }
}

/** RFC 3463 §2: its class is that of the code. */
function statusOf(code: string, given: string): EnhancedStatus {
  const own = `${code.startsWith('4') ? 4 : 5}` as '4' | '5'
  const [, subject, detail] = given.split('.').map(Number)
  const isFit = given.startsWith(`${own}.`) && subject !== undefined && detail !== undefined
  return isFit ? `${Number(own) as 4 | 5}.${subject}.${detail}` : `${Number(own) as 4 | 5}.7.1`
}
