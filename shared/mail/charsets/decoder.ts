/** Text of pieces of bytes; characters may be cut anywhere. */
export interface CharsetDecoder {
  push(bytes: Uint8Array): string
  /** What is left of a cut character. To be called once. */
  finish(): string
}

/** In place of what cannot be decoded. */
export const REPLACEMENT = '\u{fffd}'
