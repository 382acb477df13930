// How a script goes on behind a command.

/** Undefined: with the next one. */
export type Flow =
  | undefined
  /** All scripts end. */
  | { readonly kind: 'stop' }
  /** This script ends. */
  | { readonly kind: 'return' }
  /** The loop of this name ends, or the innermost one. */
  | { readonly kind: 'break'; readonly name: string | undefined }
