// What is wrong with a script, and where.

/** From 1, as editors count. */
export type Position = { readonly line: number; readonly column: number }

export type Finding = Position & {
  /** A script with an error is not stored as one that can run; a warning is for its owner to look at. */
  readonly severity: 'error' | 'warning'
  /** One sentence without the place; names what was found and what may stand there. */
  readonly message: string
}

/** `line 12: fileinto needs require "fileinto"`; warnings say that they are. */
export function findingText({ line, severity, message }: Finding): string {
  return `line ${line}: ${severity === 'warning' ? 'warning: ' : ''}${message}`
}

/** The text is no Sieve script: RFC 5228 §8. */
export class SieveSyntaxError extends Error {
  override readonly name = 'SieveSyntaxError'
  readonly at: Position

  constructor(at: Position, message: string) {
    super(message)
    this.at = at
  }
}
