// Recipients that do not exist, counted for each network of clients over all its connections and all processes (shared/rates): whoever
// asks for many is collecting the addresses that do. Who logged in is counted by login.

import { clientNetwork } from '#shared/net/client-network.ts'
import type { Rate } from '#shared/rates/rate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { SmtpOptions } from './config.ts'

export type HarvestOptions = Pick<
  SmtpOptions,
  'clientUnknownRecipientLimit' | 'clientUnknownRecipientWindowMs' | 'mynetworks'
>

type Client = {
  readonly remoteAddress: string
  readonly account: { readonly login: string } | null
}

export class HarvestLimit {
  readonly #rate: Rate
  readonly #rates: Rates
  readonly #isExempt: (address: string) => boolean

  constructor(options: HarvestOptions, rates: Rates) {
    this.#rates = rates
    this.#rate = {
      name: 'unknown-recipients',
      capacity: options.clientUnknownRecipientLimit,
      perMs: options.clientUnknownRecipientWindowMs,
    }
    this.#isExempt = createNetworkMatcher(options.mynetworks)
  }

  /** It has to wait until it may name one more. */
  isOver(client: Client): boolean {
    return !this.#isFree(client) && this.#rates.isOver(this.#rate, nameOf(client))
  }

  /** Notes a recipient that does not exist. */
  note(client: Client): void {
    if (!this.#isFree(client)) this.#rates.note(this.#rate, nameOf(client))
  }

  #isFree({ account, remoteAddress }: Client): boolean {
    return account === null && this.#isExempt(remoteAddress)
  }
}

function nameOf({ account, remoteAddress }: Client): string {
  return account?.login ?? clientNetwork(remoteAddress)
}
