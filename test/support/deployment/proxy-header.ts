// The header of PROXY protocol version 2 that the load balancer puts before a connection (proxy-protocol.txt §2.2), for a TCP
// connection over IPv4.

import type { Socket } from 'node:net'

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const VERSION_2_PROXY = 0x21
const TCP_OVER_IPV4 = 0x11
const ADDRESSES_BYTES = 12

export function proxyHeader(client: Socket): Buffer {
  const addresses = Buffer.alloc(ADDRESSES_BYTES)
  addresses.set(bytesOf(client.remoteAddress), 0)
  addresses.set(bytesOf(client.localAddress), 4)
  addresses.writeUInt16BE(client.remotePort ?? 0, 8)
  addresses.writeUInt16BE(client.localPort ?? 0, 10)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(ADDRESSES_BYTES)
  return Buffer.concat([
    signature,
    Buffer.from([VERSION_2_PROXY, TCP_OVER_IPV4]),
    length,
    addresses,
  ])
}

function bytesOf(address = '0.0.0.0'): readonly number[] {
  return address.split('.').map(Number)
}
