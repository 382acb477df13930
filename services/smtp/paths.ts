// How the addresses of a client's MAIL and RCPT are read. Clients of ours (who logs in, LMTP, `mynetworks`) may leave out what is
// clear, as RFC 6409 §4.2 lets a submission server complete it; `user@[address]` of this host is for anybody a user of the host.

import { type Address, fits, formatAddress, parseAddress } from '#shared/mail/address.ts'
import { literalAddress, parseDomain } from '#shared/mail/domain.ts'
import { plainAddress } from '#shared/net/plain-address.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { CommandOptions } from '#shared/smtp/parameters.ts'
import type { SmtpOptions } from './config.ts'

type Peer = { readonly remoteAddress: string; readonly localAddress?: string }

export type ClientPaths = {
  syntax(client: { readonly isLoggedIn: boolean }): CommandOptions
  /** The recipient, under the name of this host where the address of this host was given. */
  local(recipient: string): string
}

/** What clients of one listener share. */
export class Paths {
  readonly #options: SmtpOptions
  readonly #hostname: string
  readonly #isMynetwork: (address: string) => boolean
  readonly #isProxyInterface: (address: string) => boolean

  constructor(options: SmtpOptions, hostname: string) {
    this.#options = options
    this.#hostname = hostname
    this.#isMynetwork = createNetworkMatcher(options.mynetworks)
    this.#isProxyInterface = createNetworkMatcher(options.proxyInterfaces)
  }

  of({ remoteAddress, localAddress = '' }: Peer): ClientPaths {
    const { role, strictRfc821Envelopes: isStrict, offersDsn } = this.#options
    const strangers = { isStrict, offersDsn }
    const ours = { ...strangers, complete: (mailbox: string) => this.#complete(mailbox) }
    const isOurs = role !== 'smtp' || this.#isMynetwork(remoteAddress)
    const own = plainAddress(localAddress).replace(/%.*/, '')
    return {
      syntax: ({ isLoggedIn }) => (isOurs || isLoggedIn ? ours : strangers),
      local: (recipient) => {
        if (!recipient.endsWith(']')) return recipient
        const address = parseAddress(recipient)
        const literal = address && literalAddress(address.domain)
        if (address === undefined || literal === undefined) return recipient
        if (literal !== own && !this.#isProxyInterface(literal)) return recipient
        return under(address, this.#hostname) ?? recipient
      },
    }
  }

  #complete(mailbox: string): string {
    const { originDomain, appendedDomain } = this.#options
    const address = parseAddress(mailbox)
    if (address === undefined) {
      const completed = parseAddress(mailbox, parseDomain(originDomain))
      return completed === undefined ? mailbox : formatAddress(completed)
    }
    const { domain } = address
    const isComplete = domain.includes('.') || domain.startsWith('[') || domain === 'localhost'
    if (isComplete || appendedDomain === '') return mailbox
    return under(address, `${domain}.${appendedDomain}`) ?? mailbox
  }
}

function under(address: Address, name: string): string | undefined {
  const domain = parseDomain(name)
  const moved = domain && { ...address, domain }
  return moved && fits(moved) ? formatAddress(moved) : undefined
}
