// COMPRESS=DEFLATE (RFC 4978): a socket-like stream over a socket, raw deflate in both directions, flushed with each write.

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'

/** Bytes that one chunk from the client may become before they are handled: a small input must not become a large one. */
const CHUNK_BYTES = 16 * 1024

/** `first` are compressed bytes that were read from the socket already. The result serves as the connection's socket. */
export function deflated(socket: Socket, first: Buffer): Socket {
  const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH })
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
  deflate.pipe(socket)
  if (first.length > 0) inflate.write(first)
  socket.pipe(inflate)
  const duplex = Duplex.from({ readable: inflate, writable: deflate })
  // The connection uses of a socket only what a Duplex has.
  return duplex as unknown as Socket
}
