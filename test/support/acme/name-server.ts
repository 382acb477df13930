// A DNS server (RFC 1035) over UDP that has nothing but TXT records.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export type NameServer = { readonly address: string; close(): void }

const TYPE_TXT = 16
const HEADER_BYTES = 12

/** Names are asked for in lower case and without the final dot. */
export async function startNameServer(
  txt: (name: string) => string | undefined,
): Promise<NameServer> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => socket.send(answer(query, txt), from.port, from.address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { address, port } = socket.address()
  return { address: `${address}:${port}`, close: () => socket.close() }
}

function answer(query: Buffer, txt: (name: string) => string | undefined): Buffer {
  const { name, end } = readName(query, HEADER_BYTES)
  const question = query.subarray(HEADER_BYTES, end + 4)
  const text = query.readUInt16BE(end) === TYPE_TXT ? txt(name.toLowerCase()) : undefined
  // RFC 1035 §4.1.1: a response, authoritative; without a record NXDOMAIN.
  const flags = text === undefined ? 0x8403 : 0x8400
  const header = Buffer.alloc(HEADER_BYTES)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(flags, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(text === undefined ? 0 : 1, 6)
  return Buffer.concat([header, question, text === undefined ? Buffer.alloc(0) : record(text)])
}

/** For the name in the question (RFC 1035 §4.1.4), class IN, TTL 0. */
function record(text: string): Buffer {
  const data = Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_TXT, 0, 1, 0, 0, 0, 0, 0, data.length])
  return Buffer.concat([head, data])
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), end: at + 1 }
}
