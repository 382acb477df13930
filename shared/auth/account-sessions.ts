// How many sessions each account has open, over all listeners of a protocol in this process.

import type { AccountId } from '#shared/contracts/mailbox.ts'

export class AccountSessions {
  /** 0: no limit. */
  readonly #max: number
  readonly #open = new Map<AccountId, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** False when the account has as many as it may; then nothing was counted. */
  enter(account: AccountId): boolean {
    const open = this.#open.get(account) ?? 0
    if (this.#max > 0 && open >= this.#max) return false
    this.#open.set(account, open + 1)
    return true
  }

  leave(account: AccountId): void {
    const open = (this.#open.get(account) ?? 0) - 1
    if (open > 0) this.#open.set(account, open)
    else this.#open.delete(account)
  }
}
