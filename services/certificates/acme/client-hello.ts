// Whether the first bytes of a TLS connection ask for a protocol by ALPN (RFC 8446 §4.1.2, RFC 7301 §3.1), and for which name (RFC 6066 §3).
// Reads one ClientHello, bounded; what it cannot read is somebody else's to refuse.

export type ClientHello = { readonly name: string; readonly protocols: readonly string[] }

/** A hello that is longer is none that asks for a challenge. */
export const HELLO_BYTES_MAX = 4_096
const RECORD_HEADER_BYTES = 5
const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const ALPN = 16

/** `more`: not all of it is there yet. */
export function readClientHello(bytes: Buffer): ClientHello | 'more' | 'other' {
  if (bytes.length < RECORD_HEADER_BYTES)
    return bytes[0] === HANDSHAKE || bytes.length === 0 ? 'more' : 'other'
  const length = bytes.readUInt16BE(3)
  if (bytes[0] !== HANDSHAKE || length > HELLO_BYTES_MAX) return 'other'
  if (bytes.length < RECORD_HEADER_BYTES + length) return 'more'
  try {
    return parse(new Reader(bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + length)))
  } catch {
    return 'other'
  }
}

function parse(message: Reader): ClientHello | 'other' {
  if (message.number(1) !== CLIENT_HELLO) return 'other'
  const hello = message.vector(3)
  hello.take(2 + 32) // version, random
  hello.vector(1) // session
  hello.vector(2) // cipher suites
  hello.vector(1) // compression
  const extensions = hello.vector(2)
  let name = ''
  const protocols: string[] = []
  while (!extensions.isEmpty()) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (type === SERVER_NAME) {
      const list = body.vector(2)
      list.number(1)
      name = list.vector(2).text().toLowerCase()
    } else if (type === ALPN) {
      const list = body.vector(2)
      while (!list.isEmpty()) protocols.push(list.vector(1).text())
    }
  }
  return { name, protocols }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  isEmpty(): boolean {
    return this.#at >= this.#bytes.length
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new RangeError('cut short')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  number(bytes: number): number {
    return this.take(bytes).readUIntBE(0, bytes)
  }

  vector(lengthBytes: number): Reader {
    return new Reader(this.take(this.number(lengthBytes)))
  }

  text(): string {
    return this.#bytes.toString('latin1')
  }
}
