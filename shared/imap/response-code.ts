// Response codes, resp-text-code of RFC 9051 §7.1 and §9 and of the extensions named beside them, as data and as text.

import { ATOM_CHAR, isMadeOf } from './characters.ts'
import { formatSequenceSet, type SequenceSet } from './sequence-set.ts'

/** Codes without arguments. */
export const plainCodes = [
  'ALERT',
  'ALREADYEXISTS',
  'AUTHENTICATIONFAILED',
  'AUTHORIZATIONFAILED',
  'CANNOT',
  'CLIENTBUG',
  'CLOSED',
  'CONTACTADMIN',
  'CORRUPTION',
  'EXPIRED',
  'EXPUNGEISSUED',
  'HASCHILDREN',
  'INUSE',
  'LIMIT',
  'NONEXISTENT',
  'NOPERM',
  'NOTSAVED',
  'OVERQUOTA',
  'PARSE',
  'PRIVACYREQUIRED',
  'READ-ONLY',
  'READ-WRITE',
  'SERVERBUG',
  'TRYCREATE',
  'UIDNOTSTICKY',
  'UNAVAILABLE',
  'UNKNOWN-CTE',
  // RFC 6154 §3, RFC 4978 §3, RFC 7162 §3.1.2.2, RFC 5465 §5.8, RFC 4469 §4.2, RFC 9586 §4.1, RFC 10022 §3.2
  'USEATTR',
  'COMPRESSIONACTIVE',
  'NOMODSEQ',
  'NOTIFICATIONOVERFLOW',
  'TOOBIG',
  'UIDREQUIRED',
  'TOOMANY',
  'TOOFEW',
] as const
export type PlainCode = (typeof plainCodes)[number]

export type ResponseCode =
  | PlainCode
  | { readonly kind: 'CAPABILITY'; readonly capabilities: readonly string[] }
  /** Empty: without the list. */
  | { readonly kind: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly kind: 'PERMANENTFLAGS'; readonly flags: readonly string[] }
  | { readonly kind: 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN'; readonly number: number }
  | { readonly kind: 'APPENDUID'; readonly uidValidity: number; readonly uids: SequenceSet }
  | {
      readonly kind: 'COPYUID'
      readonly uidValidity: number
      readonly from: SequenceSet
      readonly to: SequenceSet
    }
  /** RFC 7162 §7 */
  | { readonly kind: 'HIGHESTMODSEQ'; readonly modSeq: number }
  | { readonly kind: 'MODIFIED'; readonly messages: SequenceSet }
  /** RFC 8474 §4.1 */
  | { readonly kind: 'MAILBOXID'; readonly id: string }
  /** RFC 5464 §5 */
  | { readonly kind: 'METADATA LONGENTRIES' | 'METADATA MAXSIZE'; readonly bytes: number }
  | { readonly kind: 'METADATA TOOMANY' | 'METADATA NOPRIVATE' }
  /** RFC 4469 §4.1 */
  | { readonly kind: 'BADURL'; readonly url: string }
  /** RFC 5465 §8 */
  | { readonly kind: 'BADEVENT'; readonly events: readonly string[] }
  /** RFC 5267 §4.3 */
  | { readonly kind: 'NOUPDATE'; readonly tag: string }
  /** RFC 9585 §4: null is NIL, which both may be. */
  | {
      readonly kind: 'INPROGRESS'
      readonly tag: string | null
      readonly progress: number | null
      readonly goal: number | null
    }
  /** RFC 9738 §3.1: the limit, and the uid of the last message done. */
  | { readonly kind: 'MESSAGELIMIT'; readonly limit: number; readonly uid: number | null }
  /** RFC 9738 §3.2 */
  | { readonly kind: 'SAVELIMIT'; readonly limit: number }

/** What stands between the brackets. */
export function formatResponseCode(code: ResponseCode): string {
  if (typeof code === 'string') return code
  switch (code.kind) {
    case 'CAPABILITY':
      return `CAPABILITY ${code.capabilities.join(' ')}`
    case 'BADCHARSET':
      return code.charsets.length === 0
        ? 'BADCHARSET'
        : `BADCHARSET (${code.charsets.map(astring).join(' ')})`
    case 'PERMANENTFLAGS':
      return `PERMANENTFLAGS (${code.flags.join(' ')})`
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
      return `${code.kind} ${code.number}`
    case 'APPENDUID':
      return `APPENDUID ${code.uidValidity} ${formatSequenceSet(code.uids)}`
    case 'COPYUID':
      return `COPYUID ${code.uidValidity} ${formatSequenceSet(code.from)} ${formatSequenceSet(code.to)}`
    case 'HIGHESTMODSEQ':
      return `HIGHESTMODSEQ ${code.modSeq}`
    case 'MODIFIED':
      return `MODIFIED ${formatSequenceSet(code.messages)}`
    case 'MAILBOXID':
      return `MAILBOXID (${code.id})`
    case 'METADATA LONGENTRIES':
    case 'METADATA MAXSIZE':
      return `${code.kind} ${code.bytes}`
    case 'METADATA TOOMANY':
    case 'METADATA NOPRIVATE':
      return code.kind
    case 'BADURL':
      return `BADURL ${quote(code.url)}`
    case 'BADEVENT':
      return `BADEVENT (${code.events.join(' ')})`
    case 'NOUPDATE':
      return `NOUPDATE ${quote(code.tag)}`
    case 'INPROGRESS': {
      const tag = code.tag === null ? 'NIL' : quote(code.tag)
      return `INPROGRESS (${tag} ${code.progress ?? 'NIL'} ${code.goal ?? 'NIL'})`
    }
    case 'MESSAGELIMIT':
      return code.uid === null
        ? `MESSAGELIMIT ${code.limit}`
        : `MESSAGELIMIT ${code.limit} ${code.uid}`
    case 'SAVELIMIT':
      return `SAVELIMIT ${code.limit}`
  }
}

function astring(text: string): string {
  return isMadeOf(text, ATOM_CHAR) ? text : quote(text)
}

/** A code stands in one line: what a quoted string cannot hold becomes a question mark. */
function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
