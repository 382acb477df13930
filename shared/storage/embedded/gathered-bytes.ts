// Bytes that come in pieces and are kept together. Large pieces are kept as they came; small ones are copied behind each other, for a
// sender that sends byte by byte would otherwise have us hold some 200 bytes for each of its own.

/** Smaller pieces are copied. */
const PIECE_BYTES_MIN = 1_024
/** Where they are copied to, several in one. */
const ROOM_BYTES = 4 * 1_024

export class GatheredBytes {
  #pieces: Uint8Array[] = []
  #length = 0
  #room: Buffer = Buffer.alloc(0)
  /** Of the room: where small pieces begin that are in no piece yet, and where they end. */
  #start = 0
  #end = 0

  get length(): number {
    return this.#length
  }

  push(piece: Uint8Array): void {
    this.#length += piece.length
    if (piece.length >= PIECE_BYTES_MIN) {
      this.#closeSmall()
      this.#pieces.push(piece)
      return
    }
    if (this.#end + piece.length > this.#room.length) {
      this.#closeSmall()
      this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES)
      this.#start = 0
      this.#end = 0
    }
    this.#room.set(piece, this.#end)
    this.#end += piece.length
  }

  /** All of them in order; the next ones begin anew. */
  take(): readonly Uint8Array[] {
    this.#closeSmall()
    const taken = this.#pieces
    this.#pieces = []
    this.#length = 0
    return taken
  }

  #closeSmall(): void {
    if (this.#start === this.#end) return
    this.#pieces.push(this.#room.subarray(this.#start, this.#end))
    this.#start = this.#end
  }
}
