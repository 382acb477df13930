// What a command sends and, where the protocol has it talk with the client in the middle, reads. Implemented by the connection.

export interface Wire {
  /** One untagged response without `* ` and line end. */
  untagged(response: string | Buffer): void
  /** Raw bytes of responses that were rendered elsewhere, line ends included. */
  write(bytes: Uint8Array | string): void
  /**
   * Resolves when the client takes more and others have had their turn; whoever sends much awaits it between responses. Rejects
   * when the client is gone.
   */
  room(): Promise<void> | undefined
  /** `+ text`: the client may go on (RFC 9051 §7.6). */
  continuation(text: string): void
  /** The next line the client sends, undefined when it is too long or the client is gone or the signal aborts. */
  readLine(signal?: AbortSignal): Promise<Buffer | undefined>
  /** Aborts when the connection is gone or has to end soon. */
  readonly gone: AbortSignal
}
