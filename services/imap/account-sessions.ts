// How many sessions each account has open, over all IMAP listeners of the process.

import type { AccountId } from '#shared/contracts/mailbox.ts'

export class AccountSessions {
  readonly #max: number
  readonly #open = new Map<AccountId, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** False when the account has as many as it may; then nothing was counted. */
  enter(account: AccountId): boolean {
    const open = this.#open.get(account) ?? 0
    if (open >= this.#max) return false
    this.#open.set(account, open + 1)
    return true
  }

  leave(account: AccountId): void {
    const open = (this.#open.get(account) ?? 0) - 1
    if (open > 0) this.#open.set(account, open)
    else this.#open.delete(account)
  }
}
