// Macros: what filters are told of a client and a message besides the commands, in Sendmail's names as Postfix sends them
// (MILTER_README). Names of one character stand for themselves, others in braces.

import type { DialogueClient, DialogueRecipient } from '#shared/contracts/milter.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { MacroStage } from './protocol.ts'

export type Macros = { readonly [name: string]: string | undefined }

/** Names of macros that a filter is told at each stage, unless it names others itself. */
export type MacroLists = { readonly [Stage in MacroStage]: readonly string[] }

export type MacroFacts = {
  readonly hostname: string
  /** `{daemon_name}`. */
  readonly daemonName: string
  /** `v`. */
  readonly version: string
}

export type NamedClient = DialogueClient & {
  /** Confirmed; undefined where it has none. */
  readonly name: string | undefined
}

/** What names list, values say; what is not known is left out. As pairs, in the list's order. */
export function macroPairs(names: readonly string[], values: Macros): readonly string[] {
  return names.flatMap((name) => {
    const value = values[name.replace(/[{}]/g, '')]
    return value === undefined || value === '' ? [] : [name, value]
  })
}

export function clientMacros(client: NamedClient, facts: MacroFacts): Macros {
  const { origin, name, mechanism, localAddress } = client
  const { remoteAddress: address, remotePort, tls, account } = origin
  const certificate = tls?.clientCertificate
  return {
    j: facts.hostname,
    v: facts.version,
    _: `${name ?? 'unknown'} [${address}]`,
    daemon_name: facts.daemonName,
    daemon_addr: localAddress,
    client_addr: address,
    client_name: name ?? 'unknown',
    client_ptr: name ?? 'unknown',
    client_port: String(remotePort),
    client_resolve: name === undefined ? 'FAIL' : 'OK',
    tls_version: tls?.protocol,
    cipher: tls?.cipher,
    cipher_bits: tls === null ? undefined : cipherBits(tls.cipher),
    cert_subject: certificate?.subject,
    cert_issuer: certificate?.issuer,
    auth_type: account === null ? undefined : mechanism,
    auth_authen: account?.login,
  }
}

/** Its name says it: `TLS_AES_256_GCM_SHA384`, `ECDHE-RSA-AES128-GCM-SHA256`. */
function cipherBits(cipher: string): string | undefined {
  if (cipher.includes('CHACHA20')) return '256'
  return /(?:AES|ARIA|CAMELLIA)[_-]?(128|256)/.exec(cipher)?.[1]
}

export function senderMacros(sender: string): Macros {
  return { mail_addr: sender, mail_host: domainOf(sender), mail_mailer: MAILER }
}

/** A refused one is said to be for the mailer `error`, as Sendmail does it. */
export function recipientMacros({ address, refusal }: DialogueRecipient): Macros {
  if (refusal !== undefined) return refusedMacros(refusal)
  return { rcpt_addr: address, rcpt_host: domainOf(address), rcpt_mailer: MAILER }
}

function refusedMacros({ code, status, text }: SmtpReply): Macros {
  return { rcpt_mailer: 'error', rcpt_host: status, rcpt_addr: `${code} ${status} ${text}` }
}

export function messageMacros(queueId: QueueId): Macros {
  return { i: queueId }
}

/** Where mail goes is found out behind the queue. */
const MAILER = 'smtp'

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
