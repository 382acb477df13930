/**
 * The world failed for now (network, throttling, disk, a peer that does not answer): trying later is right. Mapped once per
 * protocol: SMTP `451 4.3.0`, POP3 `-ERR [SYS/TEMP]`, queue: back to deferred.
 */
export class TemporaryFailure extends Error {
  override readonly name: string = 'TemporaryFailure'
}

/** Ends an exhaustive switch: a union gained a member that this place does not handle. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
