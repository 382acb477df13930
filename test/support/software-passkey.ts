// An authenticator in memory (WebAuthn level 3 §6): ES256 keys, no attestation, a counter that can be turned back. It answers as a browser
// passes it on, for the page that the test says it is on.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

type Creation = {
  readonly rp: { readonly id?: string | undefined }
  readonly user: { readonly id: string }
  readonly challenge: string
}
type Request = { readonly rpId?: string | undefined; readonly challenge: string }

const UP = 0x01
const UV = 0x04
const AT = 0x40

export class SoftwarePasskey {
  readonly id = randomBytes(16).toString('base64url')
  readonly origin: string
  counter = 0
  /** Whether it looks who uses it. */
  verifies = true
  /** What it says of itself. */
  attestation = { format: 'none', statement: map() }
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  #userHandle = ''
  #rpId = ''

  constructor(origin: string) {
    this.origin = origin
  }

  create(options: unknown, changes: { attestationObject?: Uint8Array } = {}): unknown {
    const { rp, user, challenge } = options as Creation
    this.#rpId = rp.id ?? ''
    this.#userHandle = user.id
    const attestationObject =
      changes.attestationObject ??
      map(
        [text('fmt'), text(this.attestation.format)],
        [text('attStmt'), this.attestation.statement],
        [text('authData'), bytes(this.#data(AT))],
      )
    return this.#answer({
      clientDataJSON: this.#clientData('webauthn.create', challenge).toString('base64url'),
      attestationObject: Buffer.from(attestationObject).toString('base64url'),
      transports: ['internal', 'made-up'],
    })
  }

  get(options: unknown): unknown {
    const { rpId = '', challenge } = options as Request
    if (rpId !== this.#rpId) throw new Error(`no key for ${rpId}`)
    this.counter++
    const authenticatorData = this.#data(0)
    const clientData = this.#clientData('webauthn.get', challenge)
    const signed = Buffer.concat([authenticatorData, sha256(clientData)])
    return this.#answer({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authenticatorData.toString('base64url'),
      signature: sign('sha256', signed, this.#keys.privateKey).toString('base64url'),
      userHandle: this.#userHandle,
    })
  }

  #answer(response: object): unknown {
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, response }
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }))
  }

  /** §6.1 */
  #data(extra: number): Buffer {
    const flags = UP | (this.verifies ? UV : 0) | extra
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const attested = extra === 0 ? Buffer.alloc(0) : this.#attested()
    return Buffer.concat([sha256(Buffer.from(this.#rpId)), Buffer.of(flags), counter, attested])
  }

  /** §6.5.1: no AAGUID, the id, the key in COSE (RFC 9053 §7.1.1). */
  #attested(): Buffer {
    const id = Buffer.from(this.id, 'base64url')
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const key = map(
      [number(1), number(2)],
      [number(3), number(-7)],
      [number(-1), number(1)],
      [number(-2), bytes(Buffer.from(x, 'base64url'))],
      [number(-3), bytes(Buffer.from(y, 'base64url'))],
    )
    return Buffer.concat([Buffer.alloc(16), Buffer.of(0, id.length), id, key])
  }
}

const sha256 = (of: Uint8Array) => createHash('sha256').update(of).digest()

// CBOR (RFC 8949 §3), as little as is needed.
const head = (type: number, value: number): Buffer =>
  value < 24
    ? Buffer.of((type << 5) | value)
    : value < 256
      ? Buffer.of((type << 5) | 24, value)
      : Buffer.of((type << 5) | 25, value >> 8, value & 255)
const number = (value: number) => (value < 0 ? head(1, -1 - value) : head(0, value))
export const bytes = (value: Uint8Array) => Buffer.concat([head(2, value.length), value])
export const text = (value: string) => Buffer.concat([head(3, value.length), Buffer.from(value)])
export const map = (...entries: readonly (readonly [Buffer, Buffer])[]) =>
  Buffer.concat([head(5, entries.length), ...entries.flat()])
