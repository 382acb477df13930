// What an administrator does with the keys that sign a domain's mail (DKIM). The system makes and turns them by itself
// (shared/directory/key-upkeep.ts); what it cannot do is publish their records.

import type { AsKnown } from '#shared/directory/as-known.ts'
import { newSelector, revoke } from '#shared/directory/key-rotation.ts'
import {
  keyRecordText,
  makePrivateKey,
  newSigningKey,
  readPrivateKey,
} from '#shared/directory/signing-key.ts'
import type { SigningAlgorithm, SigningKey, SigningKeys } from '#shared/directory/signing-keys.ts'
import { SIGNING_KEYS_MAX } from '#shared/directory/signing-keys.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { AdministrationDeps } from './deps.ts'
import { parseOwnDomain } from './fields.ts'
import { noSuchDomain } from './listing.ts'
import {
  type BadValue,
  badValue,
  type ChangedMeanwhile,
  type Exists,
  type NoSuchDomain,
  type NoSuchSelector,
} from './refusals.ts'

export interface SigningAdministration {
  list(domain: string): Promise<Keys | BadValue | NoSuchDomain>
  /** Looks for the records of its keys now, and turns them accordingly. */
  check(domain: string): Promise<Keys | BadValue | NoSuchDomain>
  /** Another key of each algorithm, or of this one, that signs once its record is seen. */
  rotate(
    request: {
      readonly domain: string
      readonly algorithm?: string | undefined
    } & AsKnown<Keys>,
  ): Promise<Keys | BadValue | NoSuchDomain | ChangedMeanwhile>
  /** At once, as after a leak: the private key is forgotten, and its record is to be published without a key. */
  revoke(
    request: SelectorRequest,
  ): Promise<Keys | BadValue | NoSuchDomain | NoSuchSelector | ChangedMeanwhile>
  /** It signs, whatever is seen of its record. */
  force(
    request: SelectorRequest,
  ): Promise<Keys | BadValue | NoSuchDomain | NoSuchSelector | ChangedMeanwhile>
  /** A key that signed elsewhere, PEM, under its selector: its record is published already. */
  import(
    request: SelectorRequest & { readonly pem: string },
  ): Promise<Keys | BadValue | NoSuchDomain | Exists | ChangedMeanwhile>
}

export type SelectorRequest = {
  readonly domain: string
  readonly selector: string
} & AsKnown<Keys>

export type Keys = {
  readonly kind: 'keys'
  readonly domain: Domain
  readonly keys: readonly SigningKeyFacts[]
}

export type SigningKeyFacts = Omit<SigningKey, 'privateKey' | 'publicKey'> & {
  /** Where its record stands. */
  readonly name: string
  readonly record: string
}

export const factsOfKey = (
  domain: Domain,
  { privateKey: _, publicKey: _public, ...key }: SigningKey,
  record: string,
): SigningKeyFacts => ({ ...key, name: `${key.selector}._domainkey.${domain}`, record })

// RFC 6376 §3.1: sub-domain *( "." sub-domain ).
const SELECTOR = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const SELECTOR_CHARACTERS_MAX = 63

const algorithms = ['rsa', 'ed25519'] as const satisfies readonly SigningAlgorithm[]

export function createSigningAdministration(deps: AdministrationDeps): SigningAdministration {
  const { directory, keyUpkeep, clock, record } = deps
  const store: SigningKeys = directory.signingKeys

  async function find(text: string): Promise<Found | BadValue | NoSuchDomain> {
    const domain = parseOwnDomain(text)
    if (domain.kind !== 'ok') return domain
    const found = await directory.domains.get(domain.value)
    return found === undefined ? noSuchDomain(text) : { kind: 'found', domain: domain.value }
  }

  const shown = (domain: Domain, keys: readonly SigningKey[]): Keys => ({
    kind: 'keys',
    domain,
    keys: keys.map((key) => factsOfKey(domain, key, keyRecordText(key))),
  })

  function told(
    domain: Domain,
    selector: string,
    before: SigningKey | undefined,
    after: SigningKey | undefined,
  ): void {
    const facts = (key: SigningKey | undefined) =>
      key === undefined ? null : { state: key.state, forced: key.forced }
    record({
      what: 'signing-key',
      name: `${selector}._domainkey.${domain}`,
      before: facts(before),
      after: facts(after),
    })
  }

  /** Undefined: they are not as they were known, and stay. */
  async function changeKnown(
    domain: Domain,
    { isAsKnown }: AsKnown<Keys>,
    change: (keys: readonly SigningKey[]) => readonly SigningKey[] | undefined,
  ): Promise<readonly SigningKey[] | undefined> {
    let isKnown = true
    const keys = await store.change(domain, async (all) => {
      isKnown = (await isAsKnown?.(shown(domain, all))) !== false
      return isKnown ? change(all) : undefined
    })
    return isKnown ? keys : undefined
  }

  async function changeOne(
    { domain: text, selector, isAsKnown }: SelectorRequest,
    change: (key: SigningKey, keys: readonly SigningKey[]) => SigningKey,
  ): Promise<Keys | BadValue | NoSuchDomain | NoSuchSelector | ChangedMeanwhile> {
    const found = await find(text)
    if (found.kind !== 'found') return found
    const { domain } = found
    let before: SigningKey | undefined
    const keys = await changeKnown(domain, { isAsKnown }, (all) => {
      before = all.find((key) => key.selector === selector)
      return before && all.map((key) => (key.selector === selector ? change(key, all) : key))
    })
    if (keys === undefined) return changedMeanwhile(text)
    if (before === undefined) {
      return { kind: 'no-such-selector', field: 'selector', value: selector, domain }
    }
    const after = keys.find((key) => key.selector === selector)
    told(domain, selector, before, after)
    return shown(domain, keys)
  }

  return {
    async list(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      return shown(found.domain, await keyUpkeep.make(found.domain))
    },

    async check(text) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      return shown(found.domain, await keyUpkeep.look(found.domain))
    },

    async rotate({ domain: text, algorithm, isAsKnown }) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const wanted = algorithms.filter((one) => algorithm === undefined || one === algorithm)
      if (wanted.length === 0) {
        return badValue('algorithm', algorithm ?? '', { name: 'one-of', allowed: algorithms })
      }
      const { domain } = found
      const nowMs = clock.now()
      const made = await Promise.all(wanted.map(makePrivateKey))
      const before = new Set((await store.of(domain)).map(({ selector }) => selector))
      const keys = await changeKnown(domain, { isAsKnown }, (all) => {
        let next = all
        for (const [at, one] of wanted.entries()) {
          const key = made[at]
          if (key === undefined) continue
          // One that waits already, and was never seen, is not needed any more.
          next = next.filter(
            (old) => old.algorithm !== one || old.state !== 'waiting' || old.seenMs !== null,
          )
          const taken = [...all, ...next]
          next = [...next, newSigningKey(key, { selector: newSelector(taken, one, nowMs), nowMs })]
        }
        return withinLimit(next)
      })
      if (keys === undefined) return changedMeanwhile(text)
      for (const key of keys) {
        if (!before.has(key.selector)) told(domain, key.selector, undefined, key)
      }
      return shown(domain, keys)
    },

    revoke: (request) => changeOne(request, (key) => revoke(key, clock.now())),

    force: (request) =>
      changeOne(request, (key) =>
        key.privateKey.length === 0
          ? key
          : { ...key, state: 'active', sinceMs: clock.now(), forced: true },
      ),

    async import({ domain: text, selector, pem, isAsKnown }) {
      const found = await find(text)
      if (found.kind !== 'found') return found
      const isSelector =
        selector.length <= SELECTOR_CHARACTERS_MAX &&
        selector.split('.').every((label) => SELECTOR.test(label))
      if (!isSelector) return badValue('selector', selector, { name: 'selector' })
      const privateKey = readPrivateKey(pem)
      if (typeof privateKey === 'string') {
        return badValue('privateKey', '', { name: 'private-key', problem: privateKey })
      }
      const { domain } = found
      const nowMs = clock.now()
      const brought = newSigningKey(privateKey, { selector, nowMs, imported: true })
      let isTaken = false
      const changed = await changeKnown(domain, { isAsKnown }, (all) => {
        // Those that we made and nobody has published give way to it.
        const others = all.filter(
          (key) =>
            (key.algorithm !== brought.algorithm && key.selector !== selector) ||
            key.state !== 'waiting' ||
            key.seenMs !== null ||
            key.imported,
        )
        isTaken = others.some((key) => key.selector === selector)
        return isTaken ? undefined : [...others, brought]
      })
      if (changed === undefined) return changedMeanwhile(text)
      if (isTaken) return { kind: 'exists', field: 'selector', value: selector }
      told(domain, selector, undefined, brought)
      return shown(domain, await keyUpkeep.look(domain))
    },
  }
}

/** Those go first whose records nobody looks for. */
function withinLimit(keys: readonly SigningKey[]): readonly SigningKey[] {
  const kept = [...keys]
  for (const state of ['revoked', 'retiring'] as const) {
    while (kept.length > SIGNING_KEYS_MAX) {
      const oldest = kept.findIndex((key) => key.state === state)
      if (oldest < 0) break
      kept.splice(oldest, 1)
    }
  }
  return kept
}

const changedMeanwhile = (value: string): ChangedMeanwhile => ({
  kind: 'changed-meanwhile',
  field: 'domain',
  value,
})

type Found = { readonly kind: 'found'; readonly domain: Domain }
