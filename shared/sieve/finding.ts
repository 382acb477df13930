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

/** What is told, with texts of any length in it. */
export function shortened(message: string): string {
  if (message.length <= MESSAGE_CHARACTERS_MAX) return message
  return `${message.slice(0, MESSAGE_CHARACTERS_MAX - 1).toWellFormed()}…`
}

const MESSAGE_CHARACTERS_MAX = 500

/** The text is no Sieve script: RFC 5228 §8. */
export class SieveSyntaxError extends Error {
  override readonly name = 'SieveSyntaxError'
  readonly at: Position

  constructor(at: Position, message: string) {
    super(message)
    this.at = at
  }
}
