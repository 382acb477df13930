// The header that a proxy or load balancer puts before what its client sends: the PROXY protocol, version 2 (HAProxy's
// doc/proxy-protocol.txt §2.2). Bytes in, the client's address out; who may send one is decided in client-gate.ts.

import { SocketAddress } from 'node:net'
import { crc32c } from './crc32c.ts'
import { plainAddress } from './plain-address.ts'

export type ProxyEndpoint = { readonly address: string; readonly port: number }

export type ProxyHeader = {
  readonly kind: 'header'
  /** `local`: the proxy speaks for itself, as in health checks. */
  readonly command: 'local' | 'proxy'
  /** Undefined when the header names no address (local, unspecified, datagrams, unix): then the connection's own count. */
  readonly source: ProxyEndpoint | undefined
  readonly destination: ProxyEndpoint | undefined
  /** Length of the header. */
  readonly bytes: number
}

export type ProxyHeaderProgress =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | ProxyHeader

/** Of a whole header. Addresses take 52 at most; the rest is for what proxies add, such as certificate details. */
export const PROXY_HEADER_BYTES_MAX = 4_096

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const SIGNATURE_OF_VERSION_1 = Buffer.from('PROXY ', 'latin1')
/** Signature, version and command, family and transport, length of what follows. */
const FIXED_BYTES = 16
const TLV_HEAD_BYTES = 3
const TLV_CRC32C = 0x03
const CRC32C_BYTES = 4

const incomplete = { kind: 'incomplete' } as const

/** Takes a connection's first bytes in any chunking until it has decided; further bytes change nothing. */
export class ProxyHeaderParser {
  /** With room for more behind what was received, so that single bytes are not copied again and again. */
  #room: Buffer = Buffer.alloc(0)
  #received: Buffer = this.#room
  #progress: ProxyHeaderProgress = incomplete

  push(chunk: Uint8Array): ProxyHeaderProgress {
    if (this.#progress.kind !== 'incomplete') return this.#progress
    const before = this.#received.length
    const bytes = before + chunk.length
    if (bytes > this.#room.length) {
      const room = Buffer.alloc(2 * bytes)
      this.#received.copy(room)
      this.#room = room
    }
    this.#room.set(chunk, before)
    this.#received = this.#room.subarray(0, bytes)
    this.#progress = parse(this.#received)
    return this.#progress
  }

  /** What came behind the header. */
  get rest(): Buffer {
    return this.#progress.kind === 'header'
      ? this.#received.subarray(this.#progress.bytes)
      : Buffer.alloc(0)
  }
}

function parse(received: Buffer): ProxyHeaderProgress {
  if (!startsAs(SIGNATURE, received)) return withoutSignature(received)
  if (received.length < FIXED_BYTES) return incomplete
  const version = received.readUInt8(12) >> 4
  const command = received.readUInt8(12) & 0x0f
  const bytes = FIXED_BYTES + received.readUInt16BE(14)
  if (version !== 2) return invalid(`version ${version} is not spoken, only version 2`)
  if (command > 1) return invalid(`unknown command ${command}`)
  if (bytes > PROXY_HEADER_BYTES_MAX) {
    return invalid(`header of ${bytes} bytes, more than ${PROXY_HEADER_BYTES_MAX}`)
  }
  if (received.length < bytes) return incomplete
  // What a local header says about addresses is to be ignored (§2.2).
  if (command === 0) return header('local', bytes)
  return parseProxied(received.subarray(0, bytes))
}

/** Whether they are the same as far as both go. */
function startsAs(signature: Buffer, received: Buffer): boolean {
  const length = Math.min(signature.length, received.length)
  return signature.compare(received, 0, length, 0, length) === 0
}

function withoutSignature(received: Buffer): ProxyHeaderProgress {
  if (!startsAs(SIGNATURE_OF_VERSION_1, received)) return invalid('no PROXY header')
  if (received.length < SIGNATURE_OF_VERSION_1.length) return incomplete
  return invalid('version 1 is not spoken, only version 2')
}

type AddressBlock = {
  readonly bytes: number
  readonly read?: (block: Buffer) => Pick<ProxyHeader, 'source' | 'destination'>
}

/** By family. A unix address is nothing a mail server could use. */
const addressBlocks: readonly (AddressBlock | undefined)[] = [
  undefined,
  { bytes: 12, read: (block) => endpoints(block, 4, ipv4Text) },
  { bytes: 36, read: (block) => endpoints(block, 16, ipv6Text) },
  { bytes: 216 },
]

const TRANSPORT_STREAM = 1
const TRANSPORT_DATAGRAM = 2

function parseProxied(whole: Buffer): ProxyHeaderProgress {
  const family = whole.readUInt8(13) >> 4
  const transport = whole.readUInt8(13) & 0x0f
  if (family >= addressBlocks.length) return invalid(`unknown address family ${family}`)
  if (transport > TRANSPORT_DATAGRAM) return invalid(`unknown transport ${transport}`)
  const addresses = addressBlocks[family]
  // Unspecified: where the addresses end and the rest begins is not known either.
  if (addresses === undefined) return header('proxy', whole.length)
  if (whole.length < FIXED_BYTES + addresses.bytes) return invalid('too short for its addresses')
  const problem = problemOfTlvs(whole, FIXED_BYTES + addresses.bytes)
  if (problem !== undefined) return invalid(problem)
  // §2.2: a combination that is valid but not supported counts as unspecified.
  if (transport !== TRANSPORT_STREAM) return header('proxy', whole.length)
  return header('proxy', whole.length, addresses.read?.(whole.subarray(FIXED_BYTES)))
}

/** §2.2.1: type, length and value, one behind the other to the end of the header. */
function problemOfTlvs(whole: Buffer, start: number): string | undefined {
  let at = start
  while (at < whole.length) {
    if (whole.length - at < TLV_HEAD_BYTES) return 'additional field cut off'
    const type = whole.readUInt8(at)
    const value = at + TLV_HEAD_BYTES
    at = value + whole.readUInt16BE(at + 1)
    if (at > whole.length) return 'additional field longer than the header'
    if (type === TLV_CRC32C && !isChecksumRight(whole, value, at)) return 'wrong checksum'
  }
  return undefined
}

/** §2.2.4: of the whole header, with zeros where the checksum is. */
function isChecksumRight(whole: Buffer, start: number, end: number): boolean {
  if (end - start !== CRC32C_BYTES) return false
  const checked = Buffer.from(whole).fill(0, start, end)
  return crc32c(checked) === whole.readUInt32BE(start)
}

/** Both addresses, then both ports. */
function endpoints(block: Buffer, addressBytes: 4 | 16, text: (bytes: Buffer) => string) {
  const ports = 2 * addressBytes
  return {
    source: { address: text(block.subarray(0, addressBytes)), port: block.readUInt16BE(ports) },
    destination: {
      address: text(block.subarray(addressBytes, ports)),
      port: block.readUInt16BE(ports + 2),
    },
  }
}

function ipv4Text(bytes: Buffer): string {
  return bytes.join('.')
}

/** In the form a socket gives. */
function ipv6Text(bytes: Buffer): string {
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return plainAddress(new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address)
}

function header(
  command: ProxyHeader['command'],
  bytes: number,
  addresses: Pick<ProxyHeader, 'source' | 'destination'> = unknownAddresses,
): ProxyHeader {
  return { kind: 'header', command, ...addresses, bytes }
}

const unknownAddresses = { source: undefined, destination: undefined } as const

function invalid(reason: string) {
  return { kind: 'invalid', reason } as const
}
