/**
 * The world failed for now (network, throttling, disk, a peer that does not answer): trying later is right. Mapped once per
 * protocol: SMTP `451 4.3.0`, POP3 `-ERR [SYS/TEMP]`, queue: back to deferred.
 */
export class TemporaryFailure extends Error {
  override readonly name: string = 'TemporaryFailure'
}

/**
 * There is no room for now, in memory or on the disk. What takes something in answers SMTP `452 4.3.1` or `451 4.3.1` and IMAP
 * `NO [UNAVAILABLE]`; everywhere else it is a temporary failure like others.
 */
export class SystemFull extends TemporaryFailure {
  override readonly name = 'SystemFull'
}

/** Ends an exhaustive switch: a union gained a member that this place does not handle. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
