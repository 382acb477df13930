/**
 * Keeps a maildrop to one session at a time (RFC 1939 §4). Off by default: sessions number their own snapshot and remove by
 * UID, so two of them on one account cannot remove a message that neither marked.
 */
export interface MaildropLock {
  /** Undefined when another session holds it. Disposing releases it. */
  acquire(accountId: string): Promise<AsyncDisposable | undefined>
}

/** Among the sessions of this process; sessions in other processes are not seen. */
export function createProcessMaildropLock(): MaildropLock {
  const held = new Set<string>()
  return {
    async acquire(accountId) {
      if (held.has(accountId)) return undefined
      held.add(accountId)
      return {
        async [Symbol.asyncDispose]() {
          held.delete(accountId)
        },
      }
    },
  }
}

/** Every session gets in. */
export const noMaildropLock: MaildropLock = {
  acquire: async () => ({ async [Symbol.asyncDispose]() {} }),
}
