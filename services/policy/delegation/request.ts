// What a policy server is told (SMTPD_POLICY_README, "Protocol description"): every attribute that Postfix 3.8 sends, always all of them,
// empty or 0 where nothing is known.

import type { PolicyStage } from '#shared/contracts/policy.ts'
import type { ClientName } from '../client.ts'
import type { Known } from '../known.ts'

/** Servers look for features by it. */
const COMPATIBILITY_LEVEL = '3.7'
const MAIL_VERSION = 'Postwolke'

/** The command that is answered, whosever list it is. */
const protocolStates = {
  connect: 'CONNECT',
  helo: 'EHLO',
  sender: 'MAIL',
  relay: 'RCPT',
  recipient: 'RCPT',
  data: 'DATA',
  message: 'END-OF-MESSAGE',
} as const satisfies { readonly [Stage in PolicyStage]: string }

/** Ended by an empty line. */
export async function delegationRequest(known: Known, policyContext: string): Promise<string> {
  const { origin, client, answering } = known
  const [name, reverseName] = await Promise.all([client.name(), client.reverseName()])
  const { dialogue } = origin
  const certificate = origin.tls?.clientCertificate ?? undefined
  const attributes: { readonly [attribute: string]: string | number } = {
    request: 'smtpd_access_policy',
    protocol_state:
      answering === 'helo' && dialogue?.extended === false ? 'HELO' : protocolStates[answering],
    // One that says nothing yet, or of a version that did not tell, is most likely to say EHLO.
    protocol_name: dialogue?.extended === false && origin.helo !== '' ? 'SMTP' : 'ESMTP',
    client_address: client.address,
    client_name: nameOf(name),
    client_port: origin.remotePort,
    reverse_client_name: nameOf(reverseName),
    server_address: dialogue?.localAddress ?? '',
    server_port: dialogue?.localPort ?? 0,
    helo_name: origin.helo,
    sender: known.sender ?? '',
    recipient: known.recipient?.text ?? '',
    recipient_count: known.recipientCount,
    // Postfix has one from the first recipient on.
    queue_id: known.recipientCount > 0 ? known.queueId : '',
    instance: known.queueId,
    size: known.bytes,
    etrn_domain: '',
    stress: '',
    sasl_method: dialogue?.mechanism ?? '',
    sasl_username: origin.account?.login ?? '',
    sasl_sender: '',
    // Names are somebody's word for whom nobody vouches.
    ccert_subject: certificate?.verified ? xtext(certificate.subject) : '',
    ccert_issuer: certificate?.verified ? xtext(certificate.issuer) : '',
    ccert_fingerprint: certificate?.fingerprint ?? '',
    ccert_pubkey_fingerprint: certificate?.publicKeyFingerprint ?? '',
    encryption_protocol: origin.tls?.protocol ?? '',
    encryption_cipher: origin.tls?.cipher ?? '',
    encryption_keysize: keyBits(origin.tls?.cipher ?? ''),
    policy_context: policyContext,
    compatibility_level: COMPATIBILITY_LEVEL,
    mail_version: MAIL_VERSION,
  }
  const lines = Object.entries(attributes).map(([attribute, value]) => line(attribute, value))
  return `${lines.join('')}\n`
}

const nameOf = (name: ClientName) => (name.kind === 'found' ? name.name : 'unknown')

/** Its name says it, as `TLS_AES_256_GCM_SHA384` does; 0 where it does not. */
function keyBits(cipher: string): number {
  if (/AES_?256|CHACHA20/.test(cipher)) return 256
  return /AES_?128/.test(cipher) ? 128 : 0
}

/** A value that held a line end would be several attributes. */
function line(attribute: string, value: string | number): string {
  return `${attribute}=${String(value).replace(/[\0\r\n]/g, '?')}\n`
}

/** RFC 3461 §4: what is not printable, `+` and `=` as `+` and two hexadecimal digits. */
function xtext(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x2b && byte !== 0x3d
        ? String.fromCharCode(byte)
        : `+${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}
