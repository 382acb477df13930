// What a password scheme is. Each one has a file here and a line in index.ts.

export type PasswordScheme = {
  /** As in the log. */
  readonly name: string
  /** Dovecot's names for it, as in `{SHA512-CRYPT}`, in capitals. */
  readonly prefixes: readonly string[]
  /**
   * Whether a hash is of this scheme and costs no more than a server can afford. Missing where only the prefix tells.
   */
  recognises?(hash: string): boolean
  /** Whether new passwords would be hashed the same way today. */
  isCurrent(hash: string): boolean
  verify(hash: string, password: string): Promise<boolean>
}
