import type { AccountWatch } from '#shared/contracts/authenticate.ts'

/** Ends sessions when the test says so. */
export class FakeAccountWatch implements AccountWatch {
  readonly watching = new Map<object, () => void>()

  watch(_account: unknown, end: () => void) {
    const key = {}
    this.watching.set(key, end)
    return { close: () => void this.watching.delete(key), identify: () => {} }
  }

  /** The accounts of all sessions change. */
  endAll(): void {
    for (const end of [...this.watching.values()]) end()
    this.watching.clear()
  }
}
