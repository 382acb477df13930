/** A policy server that does not answer as it should: the default action is done. */
export class PolicyServerFailure extends Error {
  override readonly name = 'PolicyServerFailure'
}
