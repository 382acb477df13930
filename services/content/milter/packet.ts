// The packets of the milter protocol (Sendmail's libmilter, protocol versions 2 to 6): a length of four bytes, a letter that says what it
// is, and its data. Strings in it end with NUL.

import { asBuffer } from '#shared/runtime/bytes.ts'

export type Packet = { readonly command: string; readonly data: Buffer }

/** What a filter may say in one packet: a header field is the longest. More ends the conversation. */
export const PACKET_BYTES_MAX = 1024 * 1024
/** What filters take in one packet (libmilter's MILTER_CHUNK_SIZE): a piece of the body, a header field. */
export const CHUNK_BYTES_MAX = 65_535

const LENGTH_BYTES = 4

/** A filter did not keep to the protocol, is gone, or is too slow. */
export class MilterFailure extends Error {
  override readonly name = 'MilterFailure'
}

export function encodePacket(command: string, data: Uint8Array = new Uint8Array(0)): Buffer {
  const packet = Buffer.allocUnsafe(LENGTH_BYTES + 1 + data.length)
  packet.writeUInt32BE(1 + data.length, 0)
  packet.write(command, LENGTH_BYTES, 'latin1')
  packet.set(data, LENGTH_BYTES + 1)
  return packet
}

/** A NUL in one would end it, and what follows would be the next. */
export function encodeStrings(strings: readonly string[], encoding: BufferEncoding): Buffer {
  const sound = strings.map((one) => `${one.replaceAll('\0', '')}\0`)
  return Buffer.from(sound.join(''), encoding)
}

/** Those that are ended; what stands behind the last NUL is none. */
export function decodeStrings(data: Buffer, encoding: BufferEncoding): readonly string[] {
  const strings = data.toString(encoding).split('\0')
  strings.pop()
  return strings
}

/** Takes pieces of any size and gives whole packets. */
export class PacketReader {
  #pieces: Buffer[] = []
  #bytes = 0
  /** Of the packet that has begun, its length included; undefined while the length is not complete. */
  #wanted: number | undefined

  push(piece: Uint8Array): readonly Packet[] {
    this.#pieces.push(asBuffer(piece))
    this.#bytes += piece.length
    const packets: Packet[] = []
    for (;;) {
      this.#wanted ??= this.#readLength()
      if (this.#wanted === undefined || this.#bytes < this.#wanted) return packets
      packets.push(this.#take(this.#wanted))
      this.#wanted = undefined
    }
  }

  #readLength(): number | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined
    const length = this.#joined().readUInt32BE(0)
    if (length < 1 || length > PACKET_BYTES_MAX) {
      throw new MilterFailure(`packet of ${length} bytes`)
    }
    return LENGTH_BYTES + length
  }

  #take(bytes: number): Packet {
    const all = this.#joined()
    this.#pieces = [all.subarray(bytes)]
    this.#bytes -= bytes
    const command = all.toString('latin1', LENGTH_BYTES, LENGTH_BYTES + 1)
    return { command, data: all.subarray(LENGTH_BYTES + 1, bytes) }
  }

  /** Once for a length and once for a packet, however small the pieces are. */
  #joined(): Buffer {
    const [first] = this.#pieces
    const all = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces)
    this.#pieces = [all]
    return all
  }
}
