// The keys that sign for a domain now, remembered for a minute: a change, in whatever process, is in force by then.

import type { KeyObject } from 'node:crypto'
import { openPrivateKey } from '#shared/directory/signing-key.ts'
import type { SigningKeys } from '#shared/directory/signing-keys.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { Signer } from './dkim-signature.ts'

export const KEYS_KNOWN_MS = 60_000
/** Domains that are remembered, those without keys too. */
export const DOMAINS_KNOWN_MAX = 10_000
/** Labels that are left out from the front to find a domain of ours. */
export const PARENTS_MAX = 5

export interface KeyRing {
  /** Of this domain, or the nearest above it that has any (RFC 7489 §3.1.1: that is aligned); none where none has. */
  signersFor(domain: string): Promise<readonly Signer[]>
}

type Known = { readonly untilMs: number; readonly signers: Promise<readonly Signer[]> }

export function createKeyRing(deps: {
  readonly keys: Pick<SigningKeys, 'of'>
  readonly clock: Pick<Clock, 'now'>
}): KeyRing {
  const known = new Map<Domain, Known>()
  const opened = new Map<string, KeyObject>()

  function ofDomain(domain: Domain): Promise<readonly Signer[]> {
    const nowMs = deps.clock.now()
    const found = known.get(domain)
    if (found !== undefined && nowMs < found.untilMs) return found.signers
    const signers = read(domain)
    known.delete(domain)
    known.set(domain, { untilMs: nowMs + KEYS_KNOWN_MS, signers })
    takeOldest(known, DOMAINS_KNOWN_MAX)
    // Nothing is remembered of a failure.
    signers.catch(() => known.delete(domain))
    return signers
  }

  async function read(domain: Domain): Promise<readonly Signer[]> {
    const keys = await deps.keys.of(domain)
    const active = keys.filter(({ state }) => state === 'active')
    // RSA on top, which everybody knows.
    return active
      .toSorted((one, other) => (one.algorithm < other.algorithm ? 1 : -1))
      .map((key) => {
        const { selector, algorithm } = key
        const name = `${selector} ${domain} ${key.publicKey}`
        const opening = opened.get(name) ?? openPrivateKey(key)
        opened.set(name, opening)
        takeOldest(opened, DOMAINS_KNOWN_MAX)
        return { domain, selector, algorithm, key: opening }
      })
  }

  return {
    async signersFor(name) {
      const domain = parseDomain(name)
      if (domain === undefined || domain.startsWith('[')) return []
      const labels = domain.split('.')
      for (let from = 0; from <= PARENTS_MAX && labels.length - from >= 2; from++) {
        const parent = parseDomain(labels.slice(from).join('.'))
        const signers = parent === undefined ? [] : await ofDomain(parent)
        if (signers.length > 0) return signers
      }
      return []
    },
  }
}
