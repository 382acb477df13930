// What a proxy or load balancer sends first: headers of the PROXY protocol, version 2.

import { isIPv6 } from 'node:net'
import { crc32c } from '#shared/net/crc32c.ts'
import { parseIpAddress } from '#shared/settings/networks.ts'

type Endpoint = { readonly address: string; readonly port: number }

export const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** As a proxy sends it for a TCP client. Source and destination are of the same family. */
export function proxyHeader({
  source,
  destination = isIPv6(source.address)
    ? { address: '2001:db8::25', port: 25 }
    : { address: '192.0.2.25', port: 25 },
  tlvs = [],
  checksum = false,
}: {
  readonly source: Endpoint
  readonly destination?: Endpoint
  /** Made with `tlv`. */
  readonly tlvs?: readonly Uint8Array[]
  readonly checksum?: boolean
}): Buffer {
  const isSix = isIPv6(source.address)
  const block = Buffer.concat([
    addressBytes(source.address, isSix),
    addressBytes(destination.address, isSix),
    uint16(source.port),
    uint16(destination.port),
    ...tlvs,
    ...(checksum ? [tlv(0x03, Buffer.alloc(4))] : []),
  ])
  const header = rawHeader({ versionAndCommand: 0x21, family: isSix ? 0x21 : 0x11, block })
  if (checksum) header.writeUInt32BE(crc32c(header), header.length - 4)
  return header
}

/** As a load balancer sends it with its own health checks. */
export function localHeader(): Buffer {
  return rawHeader({ versionAndCommand: 0x20, family: 0x00, block: Buffer.alloc(0) })
}

export function rawHeader(parts: {
  readonly versionAndCommand: number
  readonly family: number
  readonly block: Uint8Array
}): Buffer {
  const { versionAndCommand, family, block } = parts
  const fixed = Buffer.from([versionAndCommand, family])
  return Buffer.concat([SIGNATURE, fixed, uint16(block.length), block])
}

/** An additional field. */
export function tlv(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type]), uint16(value.length), value])
}

function addressBytes(address: string, isSix: boolean): Uint8Array {
  const bytes = parseIpAddress(address)?.bytes
  if (bytes === undefined) throw new Error(`not an address: ${address}`)
  if (!isSix || bytes.length === 16) return bytes
  // An IPv4 address in an IPv6 header is a mapped one.
  return Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), bytes])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
