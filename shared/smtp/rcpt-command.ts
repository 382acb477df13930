// RCPT (RFC 5321 §4.1.1.3) with NOTIFY and ORCPT (RFC 3461 §4.1, 4.2; RFC 6533 §3).

import { type CommandOptions, readParameters, readValue, refuseDsn } from './parameters.ts'
import { readMailbox, readPath } from './path.ts'
import { optionalSpaces } from './quirks.ts'
import { SmtpSyntaxError } from './syntax.ts'
import { decodeXtext } from './xtext.ts'

export type RcptCommand = {
  /** As given; `postmaster` without a domain is the one of this host. */
  readonly recipient: string
  readonly notify: readonly Notify[]
  /** `type;address`, xtext decoded. */
  readonly originalRecipient: string | null
}

export type Notify = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY'

const expected = 'RCPT TO:<address> [parameters]'
const to = / TO:/iy
/** RFC 3461 §4.2, as encoded. */
const ORCPT_CHARACTERS_MAX = 500
const noNotify: readonly Notify[] = []

/** The text after the verb. Throws SmtpSyntaxError. */
export function parseRcptCommand(
  text: string,
  smtpUtf8: boolean,
  options: CommandOptions = {},
): RcptCommand {
  to.lastIndex = 0
  if (!to.test(text)) throw new SmtpSyntaxError({ kind: 'command', expected })
  optionalSpaces.lastIndex = to.lastIndex
  optionalSpaces.test(text)
  const path = readPath(text, optionalSpaces.lastIndex, options)
  // RFC 5321 §4.5.1: every server that takes mail takes it for its postmaster, with or without a domain.
  const isPostmaster = path?.mailbox.toLowerCase() === 'postmaster'
  const recipient = isPostmaster ? 'postmaster' : path && readMailbox(path.mailbox, options)
  if (path === undefined || recipient === undefined) {
    throw new SmtpSyntaxError({ kind: 'recipient' })
  }
  let notify = noNotify
  let originalRecipient: string | null = null
  for (const [keyword, value] of readParameters(text, path.end, expected)) {
    refuseDsn(keyword, options)
    switch (keyword) {
      case 'NOTIFY':
        notify = readValue(keyword, value, readNotify)
        break
      case 'ORCPT':
        originalRecipient = readValue(keyword, value, readOriginalRecipient)
        break
      default:
        throw new SmtpSyntaxError({ kind: 'unknown-parameter', keyword })
    }
  }
  if (!smtpUtf8 && /[^\x00-\x7f]/.test(text)) throw new SmtpSyntaxError({ kind: 'needs-smtputf8' })
  return { recipient, notify, originalRecipient }
}

// notify-esmtp-value = "NEVER" / 1#notify-list-element (RFC 3461 §4.1)
function readNotify(value: string): readonly Notify[] | undefined {
  const elements = new Set<Notify>()
  for (const element of value.toUpperCase().split(',')) {
    if (!isNotify(element)) return undefined
    elements.add(element)
  }
  return elements.has('NEVER') && elements.size > 1 ? undefined : [...elements]
}

function isNotify(text: string): text is Notify {
  return text === 'NEVER' || text === 'SUCCESS' || text === 'FAILURE' || text === 'DELAY'
}

// original-recipient-address = addr-type ";" xtext (RFC 3461 §4.2); for the type utf-8 UTF-8 itself or, in place of it,
// \x{...}, which is left as it is (RFC 6533 §3).
function readOriginalRecipient(value: string): string | undefined {
  if (value.length > ORCPT_CHARACTERS_MAX) return undefined
  const match = /^([A-Za-z0-9-]+);(.+)$/.exec(value)
  if (!match) return undefined
  const [, type = '', address = ''] = match
  const isUtf8 = type.toLowerCase() === 'utf-8' && /[^\x00-\x7f]/.test(address)
  const decoded = isUtf8 ? address : decodeXtext(address)
  return decoded === undefined ? undefined : `${type};${decoded}`
}
