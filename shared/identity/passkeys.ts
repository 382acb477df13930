// Passkeys (WebAuthn, level 3), with @simplewebauthn/server, which is loaded when the first is used. What a browser sends is taken apart
// here first: only fields that are needed, no longer than they can be. What says that a passkey was used is read by the library and checked here,
// so that a copied key is told from a forged answer.

import { createHash, createPublicKey, verify } from 'node:crypto'
import type { PasskeyRecord } from '#shared/directory/factors.ts'

export type PasskeySite = {
  /** A passkey is made for a domain and works on it and below it only. */
  readonly rpId: string
  /** Whose pages may ask for one. */
  readonly hosts: ReadonlySet<string>
  readonly name: string
}

const FIELD_CHARACTERS_MAX = 4_096
const ATTESTATION_CHARACTERS_MAX = 16_384
const ID_CHARACTERS_MAX = 1_400
const TIMEOUT_MS = 5 * 60_000
const knownTransports = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const
type Transport = (typeof knownTransports)[number]

const load = () => import('@simplewebauthn/server')
const helpers = () => import('@simplewebauthn/server/helpers')

/** COSE's numbers of what we take (RFC 9053 §2, RFC 8812 §2): what browsers have. */
const ES256 = -7
const EDDSA = -8
const RS256 = -257
const algorithms = [EDDSA, ES256, RS256]

/** For `navigator.credentials.create`; its challenge is in it. */
export async function passkeyCreation(
  site: PasskeySite,
  account: { readonly id: string; readonly login: string },
  others: readonly PasskeyRecord[],
) {
  const { generateRegistrationOptions } = await load()
  return generateRegistrationOptions({
    rpName: site.name,
    rpID: site.rpId,
    userName: account.login,
    userID: new TextEncoder().encode(account.id),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: others.map(({ id, transports }) => ({
      id,
      transports: ofKnown(transports),
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  })
}

/** For `navigator.credentials.get`; without keys any that the browser has for this site. */
export async function passkeyQuestion(site: PasskeySite, keys?: readonly PasskeyRecord[]) {
  const { generateAuthenticationOptions } = await load()
  return generateAuthenticationOptions({
    rpID: site.rpId,
    timeout: TIMEOUT_MS,
    // Alone it is the only factor: then it has to know who uses it.
    userVerification: keys === undefined ? 'required' : 'preferred',
    ...(keys && {
      allowCredentials: keys.map(({ id, transports }) => ({ id, transports: ofKnown(transports) })),
    }),
  })
}

export type NewPasskey = Omit<PasskeyRecord, 'name' | 'createdMs' | 'lastUsedMs'>

/** Undefined: it is none, or none for us. */
export async function checkCreation(
  site: PasskeySite,
  answer: unknown,
  challenge: string,
): Promise<NewPasskey | undefined> {
  const given = readAnswer(answer)
  const attestationObject = field(given?.response, 'attestationObject', ATTESTATION_CHARACTERS_MAX)
  if (given === undefined || attestationObject === undefined) return undefined
  const origin = originOf(site, given.clientDataJSON)
  const plain = await withoutAttestation(attestationObject)
  if (origin === undefined || plain === undefined) return undefined
  const transports = ofKnown(Object(given.response).transports)
  const { verifyRegistrationResponse } = await load()
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        id: given.id,
        rawId: given.id,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: given.clientDataJSON,
          attestationObject: plain,
          transports,
        },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: site.rpId,
      requireUserVerification: false,
      supportedAlgorithmIDs: algorithms,
    })
    if (!verified) return undefined
    const { credential, credentialBackedUp } = registrationInfo
    return {
      id: credential.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      rpId: site.rpId,
      transports,
      isBackedUp: credentialBackedUp,
    }
  } catch {
    // Every fault of what was sent is one of these.
    return undefined
  }
}

/** What a passkey says when it is used; undefined: nothing that can be one. */
export type PasskeyAnswer = {
  readonly id: string
  /** The account it was made for; undefined: it does not say. */
  readonly userHandle: string | undefined
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
}

export function parsePasskeyAnswer(answer: unknown): PasskeyAnswer | undefined {
  const given = readAnswer(answer)
  const authenticatorData = field(given?.response, 'authenticatorData', FIELD_CHARACTERS_MAX)
  const signature = field(given?.response, 'signature', FIELD_CHARACTERS_MAX)
  if (given === undefined || authenticatorData === undefined || signature === undefined) {
    return undefined
  }
  const { id, clientDataJSON } = given
  const handle = field(given.response, 'userHandle', FIELD_CHARACTERS_MAX)
  const userHandle = handle === undefined ? undefined : Buffer.from(handle, 'base64url').toString()
  return { id, userHandle, clientDataJSON, authenticatorData, signature }
}

export type PasskeyChecked =
  | { readonly kind: 'right'; readonly counter: number }
  | { readonly kind: 'wrong' }
  /** Right but for its counter, which says less than it did: there are two of it. */
  | { readonly kind: 'copied' }

export async function checkPasskey(
  site: PasskeySite,
  answer: PasskeyAnswer,
  key: PasskeyRecord,
  asked: { readonly challenge: string; readonly isAlone: boolean },
): Promise<PasskeyChecked> {
  const origin = originOf(site, answer.clientDataJSON)
  if (origin === undefined || key.rpId !== site.rpId) return { kind: 'wrong' }
  try {
    if (!saysAsked(answer.clientDataJSON, asked.challenge)) return { kind: 'wrong' }
    const { parseAuthenticatorData } = await helpers()
    const data = octets(answer.authenticatorData)
    const { rpIdHash, flags, counter } = parseAuthenticatorData(data)
    const isOurs = Buffer.compare(rpIdHash, sha256(Buffer.from(site.rpId))) === 0
    if (!isOurs || !flags.up || (asked.isAlone && !flags.uv)) return { kind: 'wrong' }
    const signed = Buffer.concat([data, sha256(octets(answer.clientDataJSON))])
    if (!(await isSigned(key.publicKey, signed, octets(answer.signature)))) return { kind: 'wrong' }
    // WebAuthn §7.2, step 22: passkeys that are kept in several places count nothing.
    const counts = counter !== 0 || key.counter !== 0
    return counts && counter <= key.counter ? { kind: 'copied' } : { kind: 'right', counter }
  } catch {
    // Every fault of what was sent is one of these.
    return { kind: 'wrong' }
  }
}

/** WebAuthn §7.2, steps 10 to 12; the page was looked at before. */
function saysAsked(clientDataJSON: string, asked: string): boolean {
  const { type, challenge } = Object(JSON.parse(octets(clientDataJSON).toString()))
  return type === 'webauthn.get' && challenge === asked
}

/** With Node's own arithmetic, on the key as the library reads it (RFC 9053 §2 and §7). */
async function isSigned(cose: Uint8Array, signed: Buffer, signature: Buffer): Promise<boolean> {
  const { decodeCredentialPublicKey } = await helpers()
  const key: ReadonlyMap<number, unknown> = decodeCredentialPublicKey(new Uint8Array(cose)) as never
  const part = (label: number) => {
    const value = key.get(label)
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : ''
  }
  switch (key.get(3)) {
    case ES256: {
      const jwk = { kty: 'EC', crv: 'P-256', x: part(-2), y: part(-3) }
      return verify('sha256', signed, createPublicKey({ key: jwk, format: 'jwk' }), signature)
    }
    case RS256: {
      const jwk = { kty: 'RSA', n: part(-1), e: part(-2) }
      return verify('sha256', signed, createPublicKey({ key: jwk, format: 'jwk' }), signature)
    }
    case EDDSA: {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: part(-2) }
      return verify(null, signed, createPublicKey({ key: jwk, format: 'jwk' }), signature)
    }
    default:
      return false
  }
}

const octets = (text: string): Buffer<ArrayBuffer> => Buffer.from(text, 'base64url')

const sha256 = (of: Uint8Array) => createHash('sha256').update(of).digest()

type Given = {
  readonly id: string
  readonly clientDataJSON: string
  readonly response: unknown
}

function readAnswer(answer: unknown): Given | undefined {
  const { response } = Object(answer)
  const id = field(answer, 'id', ID_CHARACTERS_MAX)
  const clientDataJSON = field(response, 'clientDataJSON', FIELD_CHARACTERS_MAX)
  return id === undefined || clientDataJSON === undefined
    ? undefined
    : { id, clientDataJSON, response }
}

/** base64url, as all of it is. */
function field(of: unknown, name: string, charactersMax: number): string | undefined {
  const value: unknown = Object(of)[name]
  if (typeof value !== 'string' || value.length > charactersMax) return undefined
  return /^[A-Za-z0-9_-]+$/.test(value) ? value : undefined
}

const ofKnown = (transports: unknown): Transport[] =>
  Array.isArray(transports) ? knownTransports.filter((name) => transports.includes(name)) : []

/** The page that the browser says it was on, if it is one of ours. Its port may be any. */
function originOf({ hosts }: PasskeySite, clientDataJSON: string): string | undefined {
  try {
    const said: unknown = Object(
      JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString()),
    ).origin
    if (typeof said !== 'string') return undefined
    const { protocol, hostname, origin } = new URL(said)
    const isSafe = protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost')
    return isSafe && origin === said && hosts.has(hostname) ? origin : undefined
  } catch {
    return undefined
  }
}

/**
 * Who made the authenticator is nothing that we ask; what is said of it all the same is left out unread, and so are the lists of
 * revoked certificates that would be fetched for it.
 */
async function withoutAttestation(attestationObject: string): Promise<string | undefined> {
  const { decodeAttestationObject, isoCBOR } = await helpers()
  try {
    const authData = decodeAttestationObject(octets(attestationObject)).get('authData')
    const plain = new Map<string, Uint8Array | string | Map<string, never>>([
      ['fmt', 'none'],
      ['attStmt', new Map<string, never>()],
      ['authData', authData],
    ])
    return Buffer.from(isoCBOR.encode(plain)).toString('base64url')
  } catch {
    return undefined
  }
}
