// The messages of SCRAM (RFC 5802 §7) as the server reads and writes them: grammar only, no state, no secrets.

import { decodeBase64 } from './base64.ts'
import { CREDENTIAL_BYTES_MAX } from './credential-text.ts'

export type ScramClientFirst = {
  /** With `p=` the name of the channel binding; `y`: the client could, but thinks that we cannot. */
  readonly flag: 'n' | 'y' | { readonly binding: string }
  readonly login: string
  /** It asks to act for somebody else. */
  readonly isOther: boolean
  readonly nonce: string
  /** Repeated by the client's last message, with the binding's bytes behind it. */
  readonly gs2Header: string
  readonly bare: string
}

export type ScramClientFinal = {
  /** GS2 header and bytes of the channel binding. */
  readonly channelBinding: Uint8Array
  readonly nonce: string
  /** base64 */
  readonly proof: string
  readonly withoutProof: string
}

/** Room for a login and an identity of the greatest length, escaped. */
export const SCRAM_MESSAGE_BYTES_MAX = 8_192
/** Cyrus SASL takes 2,048 bytes from a server, and our answer repeats it. */
export const CLIENT_NONCE_CHARACTERS_MAX = 512

// gs2-header      = ("p=" cb-name / "n" / "y") "," ["a=" saslname] ","
// client-first    = gs2-header "n=" saslname ",r=" c-nonce *("," attr-val)
// `m=`, which no server knows, stands where `n=` is asked for, and must fail.
const CLIENT_FIRST =
  /^((?:([ny])|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]+)*)$/

export function parseClientFirst(message: Uint8Array): ScramClientFirst | undefined {
  const match = CLIENT_FIRST.exec(decodeMessage(message) ?? '')
  if (match === null) return undefined
  const [, gs2Header = '', plainFlag, binding = '', identity, bare = '', name = '', nonce = ''] =
    match
  const login = decodeSaslName(name)
  if (login === undefined || nonce.length > CLIENT_NONCE_CHARACTERS_MAX) return undefined
  const actsFor = identity === undefined ? login : decodeSaslName(identity)
  if (actsFor === undefined) return undefined
  const flag = plainFlag === 'n' || plainFlag === 'y' ? plainFlag : { binding }
  return { flag, login, isOther: actsFor !== login, nonce, gs2Header, bare }
}

// client-final    = "c=" base64 ",r=" nonce *("," attr-val) ",p=" base64
const CLIENT_FINAL =
  /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]+)*),p=([A-Za-z0-9+/=]+)$/

export function parseClientFinal(message: Uint8Array): ScramClientFinal | undefined {
  const match = CLIENT_FINAL.exec(decodeMessage(message) ?? '')
  if (match === null) return undefined
  const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match
  const channelBinding = decodeBase64(binding)
  if (channelBinding === undefined || decodeBase64(proof) === undefined) return undefined
  return { channelBinding, nonce, proof, withoutProof }
}

export function serverFirst(challenge: {
  readonly nonce: string
  readonly salt: string
  readonly iterations: number
}): string {
  return `r=${challenge.nonce},s=${challenge.salt},i=${challenge.iterations}`
}

// saslname = 1*(value-safe-char / "=2C" / "=3D"); RFC 5802 §5.1: any other "=" must fail.
function decodeSaslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined
  const name = text.replaceAll('=2C', ',').replaceAll('=3D', '=')
  return Buffer.byteLength(name) > CREDENTIAL_BYTES_MAX ? undefined : name
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeMessage(message: Uint8Array): string | undefined {
  if (message.length > SCRAM_MESSAGE_BYTES_MAX || message.includes(0)) return undefined
  try {
    return utf8.decode(message)
  } catch {
    return undefined
  }
}
