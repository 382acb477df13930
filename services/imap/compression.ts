// COMPRESS=DEFLATE (RFC 4978): a stream over a socket, raw deflate in both directions. What is written in one turn of the event
// loop is compressed and flushed as one piece.

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
} from 'node:zlib'

/** Bytes that input may become before they are handled: a small input must not become a large one. */
const CHUNK_BYTES = 16 * 1024
/** A quarter less memory per connection than zlib's defaults, for a few per cent more on the wire. */
const DEFLATE_MEMORY = { windowBits: 13, memLevel: 6 } as const

/** `first` are compressed bytes that were read from the socket already. The result serves as the connection's socket. */
export function deflate(socket: Socket, first: Buffer): Socket {
  // The connection uses of a socket only what a Duplex has.
  return new Deflated(socket, first) as unknown as Socket
}

class Deflated extends Duplex {
  readonly #socket: Socket
  readonly #inflate: InflateRaw
  readonly #deflate: DeflateRaw

  constructor(socket: Socket, first: Buffer) {
    super()
    this.#socket = socket
    const inflate = createInflateRaw({
      chunkSize: CHUNK_BYTES,
      finishFlush: constants.Z_SYNC_FLUSH,
    })
    const deflate = createDeflateRaw({ ...DEFLATE_MEMORY, chunkSize: CHUNK_BYTES })
    this.#inflate = inflate
    this.#deflate = deflate
    inflate.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) inflate.pause()
    })
    inflate.once('end', () => this.push(null)).once('error', (error) => this.destroy(error))
    deflate.on('data', (chunk: Buffer) => socket.write(chunk))
    deflate.once('end', () => socket.end()).once('error', (error) => this.destroy(error))
    socket.once('close', () => this.destroy())
    if (first.length > 0) inflate.write(first)
    socket.pipe(inflate)
  }

  override _read(): void {
    this.#inflate.resume()
  }

  override _writev(
    chunks: { readonly chunk: Buffer }[],
    written: (error?: Error | null) => void,
  ): void {
    const [only] = chunks
    this.#deflate.write(
      chunks.length === 1 && only ? only.chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)),
    )
    // RFC 4978 §3: the peer must be able to decompress all of it now.
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
      if (this.#socket.writableNeedDrain) this.#socket.once('drain', () => written())
      else written()
    })
  }

  override _final(ended: () => void): void {
    // Not before its last piece is on the socket: whoever is ended in both directions is destroyed.
    this.#deflate.once('end', ended).end()
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#socket.unpipe(this.#inflate)
    this.#inflate.destroy()
    this.#deflate.destroy()
    destroyed(error)
  }
}
