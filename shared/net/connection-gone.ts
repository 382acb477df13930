/** The client is gone in the middle of a command: nobody is left to answer. */
export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone'
}
