// Keeps the signing keys of domains as they should be: made where there are none or they are old, looked for in the DNS, and turned as
// time passes. Run at the start, by the hour, and by the commands of an administrator.

import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Domains } from './domains.ts'
import {
  newSelector,
  type RotationOptions,
  type Seen,
  turnKeys,
  wantedKeys,
} from './key-rotation.ts'
import { isRecordOf, isRevocation, makePrivateKey, newSigningKey } from './signing-key.ts'
import type { SigningAlgorithm, SigningKey, SigningKeys } from './signing-keys.ts'

export interface KeyUpkeep {
  /** Makes what is missing; looks at nothing. */
  make(domain: Domain): Promise<readonly SigningKey[]>
  /** Makes what is missing, looks for the records of all keys and turns them. */
  look(domain: Domain): Promise<readonly SigningKey[]>
  /** Every domain whose keys are due: those that wait each time, all others once a day. */
  lookAtAll(signal?: AbortSignal): Promise<void>
}

const DAY_MS = 86_400_000
/** A day, told by runs that come by the hour and never quite at the same minute. */
const LOOK_EVERY_MS = DAY_MS - 1_800_000

export function createKeyUpkeep(deps: {
  readonly keys: SigningKeys
  readonly domains: Pick<Domains, 'list'>
  readonly resolver: Pick<Resolver, 'resolveTxt'>
  readonly options: RotationOptions
  readonly makeKey?: typeof makePrivateKey
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): KeyUpkeep {
  const { keys: store, resolver, options, makeKey = makePrivateKey, clock, log } = deps

  async function withNew(
    keys: readonly SigningKey[],
    wanted: readonly SigningAlgorithm[],
    nowMs: number,
  ): Promise<readonly SigningKey[]> {
    let all = keys
    for (const algorithm of wanted) {
      const selector = newSelector(all, algorithm, nowMs)
      all = [...all, newSigningKey(await makeKey(algorithm), { selector, nowMs })]
    }
    return all
  }

  function make(domain: Domain): Promise<readonly SigningKey[]> {
    const nowMs = clock.now()
    return changed(domain, (keys) => {
      const wanted = wantedKeys(keys, options, nowMs)
      return wanted.length === 0 ? undefined : withNew(keys, wanted, nowMs)
    })
  }

  async function look(domain: Domain, signal?: AbortSignal): Promise<readonly SigningKey[]> {
    const made = await make(domain)
    const seen = new Map<string, Seen>()
    for (const key of made) seen.set(key.selector, await seenOf(domain, key, signal))
    const nowMs = clock.now()
    return changed(domain, (keys) => turnedOrSame(keys, turnKeys(keys, seen, nowMs)))
  }

  async function changed(
    domain: Domain,
    change: Parameters<SigningKeys['change']>[1],
  ): Promise<readonly SigningKey[]> {
    let before: readonly SigningKey[] = []
    const after = await store.change(domain, (keys) => {
      before = keys
      return change(keys)
    })
    tell(domain, before, after)
    return after
  }

  async function seenOf(
    domain: Domain,
    key: SigningKey,
    signal: AbortSignal | undefined,
  ): Promise<Seen> {
    const asked = resolver.resolveTxt(`${key.selector}._domainkey.${domain}`)
    const answer = await (signal === undefined ? asked : Promise.race([asked, aborted(signal)]))
    switch (answer.kind) {
      case 'found':
        if (key.state === 'revoked')
          return answer.records.some(isRevocation) ? 'published' : 'missing'
        // RFC 6376 §3.6.2.2: with several records there it is anybody's guess which is taken.
        return answer.records.length === 1 && answer.records.every((text) => isRecordOf(text, key))
          ? 'published'
          : 'missing'
      case 'none':
      case 'nxdomain':
        return 'missing'
      case 'failure':
        return 'unknown'
    }
  }

  function tell(domain: Domain, before: readonly SigningKey[], after: readonly SigningKey[]): void {
    for (const key of after) {
      const { selector, state } = key
      const was = before.find((one) => one.selector === selector)
      // Of one that is new whoever had it made tells.
      if (was === undefined || was.state === state) continue
      const fields = { domain, selector, state, before: was.state }
      if (was.state === 'active' && state === 'waiting') {
        log.warn(fields, 'record of the signing key is gone: it does not sign any more')
      } else log.info(fields, 'signing key changed')
    }
  }

  /** What was revoked says so for as long as it is kept; nobody waits for that to be seen. */
  function isDue(keys: readonly SigningKey[]): boolean {
    const nowMs = clock.now()
    return (
      wantedKeys(keys, options, nowMs).length > 0 ||
      turnedOrSame(keys, turnKeys(keys, new Map(), nowMs)) !== undefined ||
      keys.some(
        ({ state, seenMs }) => state === 'waiting' || nowMs - (seenMs ?? 0) >= LOOK_EVERY_MS,
      )
    )
  }

  return {
    make,
    look,
    async lookAtAll(signal) {
      for await (const { domain } of deps.domains.list()) {
        if (signal?.aborted) return
        try {
          const before = await store.of(domain)
          if (!isDue(before)) continue
          for (const { selector } of await look(domain, signal)) {
            const isNew = before.every((key) => key.selector !== selector)
            if (isNew) log.info({ domain, selector }, 'signing key made')
          }
        } catch (error) {
          log.warn({ domain, error }, 'signing keys not looked at')
        }
      }
    },
  }
}

/** Undefined where each is the very key that it was: then nothing is written. */
function turnedOrSame(
  keys: readonly SigningKey[],
  turned: readonly SigningKey[],
): readonly SigningKey[] | undefined {
  const isSame = turned.length === keys.length && turned.every((key, i) => key === keys[i])
  return isSame ? undefined : turned
}

/** Whoever has to stop does not wait for name servers. */
function aborted(signal: AbortSignal): Promise<DnsAnswer<string>> {
  const answer = { kind: 'failure', reason: 'stopped' } as const
  if (signal.aborted) return Promise.resolve(answer)
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(answer), { once: true })
  })
}
