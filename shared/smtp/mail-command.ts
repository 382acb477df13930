// MAIL (RFC 5321 §4.1.1.2) with SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461),
// AUTH (RFC 4954) and REQUIRETLS (RFC 8689).

import {
  type CommandOptions,
  forbidValue,
  readParameters,
  readValue,
  refuseDsn,
} from './parameters.ts'
import { readMailbox, readPath } from './path.ts'
import { optionalSpaces } from './quirks.ts'
import { SmtpSyntaxError } from './syntax.ts'
import { decodeXtext } from './xtext.ts'

export type MailCommand = {
  /** As given, '' for the null sender. */
  readonly sender: string
  /** 0 when not declared. */
  readonly size: number
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly smtpUtf8: boolean
  readonly requireTls: boolean
  readonly ret: 'FULL' | 'HDRS' | null
  readonly envid: string | null
}

const expected = 'MAIL FROM:<address> [parameters]'
const from = / FROM:/iy
/** RFC 3461 §4.4, as encoded. */
const ENVID_CHARACTERS_MAX = 100

/** The text after the verb. Throws SmtpSyntaxError. */
export function parseMailCommand(text: string, options: CommandOptions = {}): MailCommand {
  from.lastIndex = 0
  if (!from.test(text)) throw new SmtpSyntaxError({ kind: 'command', expected })
  optionalSpaces.lastIndex = from.lastIndex
  optionalSpaces.test(text)
  const path = readPath(text, optionalSpaces.lastIndex, options)
  const sender = path && (path.mailbox === '' ? '' : readMailbox(path.mailbox, options))
  if (path === undefined || sender === undefined) throw new SmtpSyntaxError({ kind: 'sender' })
  let size = 0
  let body: MailCommand['body'] = '7BIT'
  let smtpUtf8 = false
  let requireTls = false
  let ret: MailCommand['ret'] = null
  let envid: string | null = null
  for (const [keyword, value] of readParameters(text, path.end, expected)) {
    refuseDsn(keyword, options)
    switch (keyword) {
      case 'SIZE':
        size = readValue(keyword, value, readSize)
        break
      case 'BODY':
        body = readValue(keyword, value, readBody)
        break
      case 'SMTPUTF8':
        smtpUtf8 = forbidValue(keyword, value)
        break
      case 'REQUIRETLS':
        requireTls = forbidValue(keyword, value)
        break
      case 'RET':
        ret = readValue(keyword, value, readRet)
        break
      case 'ENVID':
        envid = readValue(keyword, value, readEnvid)
        break
      case 'AUTH':
        // RFC 4954 §5: who first submitted the message; a server may ignore it when it does not trust the client.
        readValue(keyword, value, (mailbox) => decodeXtext(mailbox))
        break
      default:
        throw new SmtpSyntaxError({ kind: 'unknown-parameter', keyword })
    }
  }
  if (!smtpUtf8 && /[^\x00-\x7f]/.test(text)) throw new SmtpSyntaxError({ kind: 'needs-smtputf8' })
  return { sender, size, body, smtpUtf8, requireTls, ret, envid }
}

// size-value = 1*20DIGIT (RFC 1870 §3)
function readSize(value: string): number | undefined {
  return /^[0-9]{1,20}$/.test(value) ? Number(value) : undefined
}

function readBody(value: string): MailCommand['body'] | undefined {
  const body = value.toUpperCase()
  return body === '7BIT' || body === '8BITMIME' || body === 'BINARYMIME' ? body : undefined
}

function readRet(value: string): 'FULL' | 'HDRS' | undefined {
  const ret = value.toUpperCase()
  return ret === 'FULL' || ret === 'HDRS' ? ret : undefined
}

function readEnvid(value: string): string | undefined {
  return value.length <= ENVID_CHARACTERS_MAX ? decodeXtext(value) : undefined
}
