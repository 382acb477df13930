// Recipients that do not exist, counted for each network of clients over all its connections: whoever asks for many is collecting the
// addresses that do. Who logged in is counted by login. Kept in this process only, and forgotten with its window.

import { clientNetwork } from '#shared/net/client-network.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { SmtpOptions } from './config.ts'

/** Networks and logins that are counted; beyond them the oldest is forgotten. */
export const HARVESTERS_KEPT_MAX = 10_000

export type HarvestOptions = Pick<
  SmtpOptions,
  'clientUnknownRecipientLimit' | 'clientUnknownRecipientWindowMs' | 'mynetworks'
>

type Client = {
  readonly remoteAddress: string
  readonly account: { readonly login: string } | null
}

export class HarvestLimit {
  readonly #options: HarvestOptions
  readonly #clock: Clock
  readonly #isExempt: (address: string) => boolean
  readonly #windows = new Map<string, { readonly beganMs: number; unknown: number }>()

  constructor(options: HarvestOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#isExempt = createNetworkMatcher(options.mynetworks)
  }

  /** It has to wait for the end of its window. */
  isOver(client: Client): boolean {
    const unknown = this.#windowOf(nameOf(client))?.unknown ?? 0
    return unknown >= this.#options.clientUnknownRecipientLimit && !this.#isFree(client)
  }

  /** Notes a recipient that does not exist. */
  note(client: Client): void {
    if (this.#isFree(client)) return
    const name = nameOf(client)
    const window = this.#windowOf(name)
    if (window) {
      window.unknown += 1
      return
    }
    this.#windows.delete(name)
    this.#windows.set(name, { beganMs: this.#clock.now(), unknown: 1 })
    if (this.#windows.size <= HARVESTERS_KEPT_MAX) return
    const [oldest = ''] = this.#windows.keys()
    this.#windows.delete(oldest)
  }

  #windowOf(name: string) {
    const window = this.#windows.get(name)
    const endMs = (window?.beganMs ?? 0) + this.#options.clientUnknownRecipientWindowMs
    return this.#clock.now() < endMs ? window : undefined
  }

  #isFree({ account, remoteAddress }: Client): boolean {
    return account === null && this.#isExempt(remoteAddress)
  }
}

function nameOf({ account, remoteAddress }: Client): string {
  return account?.login ?? clientNetwork(remoteAddress)
}
