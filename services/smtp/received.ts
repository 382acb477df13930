// The Received field this server puts before a message (RFC 5321 §4.4).

import { isIPv6 } from 'node:net'
import type { Origin } from '#shared/contracts/spool.ts'
import { neutralHeloName } from '#shared/smtp/helo-name.ts'

export type Reception = {
  readonly origin: Origin
  readonly hostname: string
  readonly extended: boolean
  readonly smtpUtf8: boolean
  readonly queueId: string
  /** RFC 5321 §7.6: with several recipients none is named, so that none learns of another. */
  readonly onlyRecipient: string | undefined
  /** Whether a client that logged in is named. */
  readonly namesLogin: boolean
  readonly receivedMs: number
}

/** As byte string, ended by CRLF, folded. */
export function receivedField(reception: Reception): string {
  const { origin, hostname, queueId, onlyRecipient, namesLogin } = reception
  const tls = origin.tls
    ? `\t(using ${origin.tls.protocol} with cipher ${origin.tls.cipher}${strength(origin.tls.cipher)})\r\n${certificate(origin.tls)}`
    : ''
  // As Postfix writes it.
  const login =
    namesLogin && origin.account
      ? `\t(Authenticated sender: ${commentText(origin.account.login)})\r\n`
      : ''
  const to = onlyRecipient === undefined ? '' : `\r\n\tfor <${onlyRecipient}>`
  const field =
    `Received: from ${neutralHeloName(origin.helo) || literal(origin.remoteAddress)} (${literal(origin.remoteAddress)})\r\n${tls}${login}` +
    `\tby ${hostname} with ${protocol(reception)} id ${queueId}${to};\r\n` +
    `\t${date(reception.receivedMs)}\r\n`
  return isAscii(field) ? field : Buffer.from(field, 'utf8').toString('latin1')
}

// RFC 3848 names the combinations, RFC 6531 §4.3 those with SMTPUTF8.
function protocol({ origin, extended, smtpUtf8 }: Reception): string {
  const isLmtp = origin.listener === 'lmtp'
  if (!extended) return isLmtp ? 'LMTP' : 'SMTP'
  const name = isLmtp ? 'LMTP' : smtpUtf8 ? 'SMTP' : 'ESMTP'
  return `${smtpUtf8 ? 'UTF8' : ''}${name}${origin.tls ? 'S' : ''}${origin.account ? 'A' : ''}`
}

// As Postfix writes it, but for its words where none was asked for.
function certificate({ clientCertificate }: NonNullable<Origin['tls']>): string {
  if (clientCertificate === undefined) return ''
  if (clientCertificate === null) return '\t(Client did not present a certificate)\r\n'
  const { subject, issuer, verified } = clientCertificate
  const judged = verified ? 'verified OK' : 'not verified'
  return `\t(Client CN "${subject}",\r\n\t Issuer "${issuer}" (${judged}))\r\n`
}

function literal(address: string): string {
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`
}

// ctext = everything but "(", ")" and "\\" (RFC 5322 §3.2.2); a login has no control characters.
function commentText(text: string): string {
  return text.replace(/[()\\]/g, '\\$&')
}

/** Key length as other servers write it; left out for a cipher whose name does not tell. */
function strength(cipher: string): string {
  if (/AES_?256|CHACHA20/.test(cipher)) return ' (256/256 bits)'
  return /AES_?128/.test(cipher) ? ' (128/128 bits)' : ''
}

// RFC 5322 §3.3
function date(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000')
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
