/** A command that cannot do what it was told: printed as one line, without a stack, and exit status 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}
