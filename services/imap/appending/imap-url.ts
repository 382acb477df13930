// IMAP URLs that name a message or a part of one: RFC 5092 §5 and §11, relative ones §7, ;PARTIAL= of RFC 5092 §5 (URL-PARTIAL RFC
// 5550 §3.1). Only what CATENATE needs: messages of this server.
//
//   imessagepart = enc-mailbox [";UIDVALIDITY=" nz-number] "/" ";UID=" nz-number ["/;SECTION=" enc-section] ["/;PARTIAL=" partial]

import type { Uid } from '#shared/contracts/mailbox.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { type Partial, parseSection } from '#shared/imap/section.ts'
import { NUMBER_MAX } from '#shared/imap/sequence-set.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { Section } from '#shared/mail/section.ts'

export type ImapUrl = {
  /** Null: the selected one. */
  readonly mailbox: string | null
  readonly uidValidity: number | null
  readonly uid: Uid
  readonly section: Section
  readonly partial: Partial | null
}

/** Bytes of an URL: a mailbox name with each byte percent-encoded, and room for the rest. */
export const IMAP_URL_BYTES_MAX = 16_384

/** `imap://user@host:port` before the path; one of a URLAUTH (RFC 4467) does not match in the end. */
const authority = /^imaps?:\/\/(?:([^@/]*)@)?([^@/:]+)(?::\d+)?(?=\/)/i
const path =
  /^(?:\/([^;/][^;]*?)(?:;UIDVALIDITY=([1-9]\d*))?)?\/?;UID=([1-9]\d*)(?:\/;SECTION=([^;]+?))?(?:\/;PARTIAL=(\d+)(?:\.([1-9]\d*))?)?$/i

/** Undefined for what is no such URL, or one of another server or user. `logins`: whole, and as the user typed it. */
export function parseImapUrl(
  url: ByteString,
  own: { readonly hostname: string; readonly logins: readonly string[] },
): ImapUrl | undefined {
  if (url.length > IMAP_URL_BYTES_MAX) return undefined
  const server = authority.exec(url)
  if (server !== null) {
    const [, user, host = ''] = server
    if (host.toLowerCase() !== own.hostname.toLowerCase()) return undefined
    // iuserinfo = enc-user [iauth] / [enc-user] iauth
    const name = user && decodePart(user.split(';', 1)[0] ?? '')?.toLowerCase()
    const isOwn = own.logins.some((login) => login.toLowerCase() === name)
    if (user !== undefined && !isOwn) return undefined
  }
  const match = path.exec(url.slice(server?.[0].length ?? 0))
  if (match === null) return undefined
  const [, encMailbox, uidValidity, uid, encSection = '', offset, length] = match
  // Without a mailbox it is relative to the selected one, and then no server stands before it.
  if (encMailbox === undefined && server !== null) return undefined
  const mailbox = encMailbox === undefined ? null : decodePart(encMailbox)
  const section = sectionOf(decodePart(encSection))
  if (mailbox === undefined || section === undefined || Number(uid) > NUMBER_MAX) return undefined
  return {
    mailbox,
    uidValidity: uidValidity === undefined ? null : Number(uidValidity),
    uid: Number(uid) as Uid,
    section,
    partial:
      offset === undefined
        ? null
        : { offset: Number(offset), length: Number(length ?? Number.MAX_SAFE_INTEGER) },
  }
}

/** Percent-encoded UTF-8. */
function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function sectionOf(text: string | undefined): Section | undefined {
  if (text === undefined) return undefined
  const cursor = new Cursor([{ kind: 'text', bytes: Buffer.from(`[${text}]`) }])
  try {
    const section = parseSection(cursor)
    cursor.end()
    return section
  } catch (error) {
    if (error instanceof ImapSyntaxError) return undefined
    throw error
  }
}
