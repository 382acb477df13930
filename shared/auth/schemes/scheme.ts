// What a password scheme is. Each one has a file here and a line in index.ts.

/**
 * What verifying a hash costs on the processor of a small server: `fast` some ten milliseconds at most, `slow` half a second at
 * most, which waits in a lane of its own; or the limit it exceeds, in words. Then it is not verified at all.
 */
export type Cost = 'fast' | 'slow' | { readonly exceeds: string }

export type PasswordScheme = {
  /** As in the log. */
  readonly name: string
  /** Dovecot's names for it, as in `{SHA512-CRYPT}`, in capitals. */
  readonly prefixes: readonly string[]
  /** Whether a hash is of this scheme. Missing where only the prefix tells. */
  recognises?(hash: string): boolean
  /** Of a hash that it recognises; missing where all are fast. */
  cost?(hash: string): Cost
  /** Whether new passwords would be hashed the same way today. */
  isCurrent(hash: string): boolean
  verify(hash: string, password: Uint8Array): Promise<boolean>
}

/** Three steps of one number. */
export function costUpTo(
  value: number,
  { fastMax, max, what }: { readonly fastMax: number; readonly max: number; readonly what: string },
): Cost {
  if (value <= fastMax) return 'fast'
  return value <= max ? 'slow' : { exceeds: `${what} (${max} at most)` }
}
