// What a domain says by MTA-STS (RFC 8461). A policy that was fetched holds for as long as it says: neither a TXT record that is gone nor a
// host that does not answer ends it sooner, since whoever can take those away is whom it is against. The record is asked for a few minutes
// after it was last asked for, and what has another id is fetched at once; what has not, once a day, while nobody waits.

import type { TlsReportSink } from '#shared/contracts/tls-report.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { FetchStsPolicy, StsFailure } from './sts-fetch.ts'
import { linesOf, stsIdIn } from './sts-policy.ts'
import { endOf, type KeptPolicy, type StsStore } from './sts-store.ts'

export interface Sts {
  /** The policy that holds for mail to the domain; undefined where there is none, or its mode is none. */
  policyOf(domain: string): Promise<StsPolicy | undefined>
}

export type StsPolicy = {
  readonly mode: 'enforce' | 'testing'
  readonly mx: readonly string[]
  readonly id: string
  /** Lines of the policy, for reports. */
  readonly strings: readonly string[]
}

/** What was found out about a domain is believed for so long; an id that cannot be fetched is not tried sooner (RFC 8461 §3.3). */
export const STS_CHECK_MS = 300_000
/** RFC 8461 §5.1: before it ends by itself. */
export const STS_REFRESH_MS = 86_400_000
/** In the process; all of them are in the store. */
export const STS_DOMAINS_MAX = 10_000

type Known = {
  readonly policy: KeptPolicy | undefined
  readonly checkedMs: number
  /** Why there is none, or no newer one. */
  readonly failure: StsFailure | undefined
}

export function createSts(deps: {
  readonly resolver: Pick<Resolver, 'resolveTxt'>
  readonly fetchPolicy: FetchStsPolicy
  readonly store: StsStore
  readonly reports: TlsReportSink
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): Sts {
  const { resolver, store, clock, log } = deps
  const known = new Map<string, Known>()
  const checking = new Map<string, Promise<Known>>()

  /** Who asks about what is being asked waits for the same answer. */
  async function find(domain: string): Promise<Known> {
    const before = known.get(domain)
    if (before !== undefined && clock.now() < before.checkedMs + STS_CHECK_MS) return before
    const current = checking.get(domain)
    if (current !== undefined) return await current
    const check = checkNow(domain, before).finally(() => checking.delete(domain))
    checking.set(domain, check)
    return await check
  }

  async function checkNow(domain: string, before: Known | undefined): Promise<Known> {
    // Where the store does not answer nobody knows whether there is a policy, and the mail waits.
    const [record, policy] = await Promise.all([
      resolver.resolveTxt(`_mta-sts.${domain}`),
      before?.policy ?? store.read(domain),
    ])
    const id = record.kind === 'found' ? stsIdIn(record.records) : undefined
    const held = policy !== undefined && clock.now() < endOf(policy) ? policy : undefined
    const checked = remember(domain, { policy: held, checkedMs: clock.now(), failure: undefined })
    if (id === undefined) return checked
    if (id !== held?.id) return await renew(domain, id, checked)
    if (clock.now() >= held.fetchedMs + STS_REFRESH_MS) void renew(domain, id, checked)
    return checked
  }

  /** Never rejects. */
  async function renew(domain: string, id: string, before: Known): Promise<Known> {
    const fetched = await deps.fetchPolicy(domain)
    if (fetched.kind === 'failure') {
      log.warn({ domain, reason: fetched.why }, 'MTA-STS policy not fetched')
      return remember(domain, { ...before, failure: fetched })
    }
    const policy = { ...fetched.policy, id, fetchedMs: clock.now() }
    log.info({ domain, mode: policy.mode }, 'MTA-STS policy fetched')
    await keep(domain, policy)
    return remember(domain, { policy, checkedMs: clock.now(), failure: undefined })
  }

  function remember(domain: string, found: Known): Known {
    known.delete(domain)
    known.set(domain, found)
    takeOldest(known, STS_DOMAINS_MAX)
    return found
  }

  async function keep(domain: string, policy: KeptPolicy): Promise<void> {
    try {
      await store.write(domain, policy)
    } catch (error) {
      log.warn({ domain, error }, 'MTA-STS policy not kept')
    }
  }

  return {
    async policyOf(domain) {
      const { policy, failure } = await find(domain)
      const holds = policy !== undefined && clock.now() < endOf(policy)
      if (!holds) {
        if (failure !== undefined) note(deps.reports, domain, failure)
        return undefined
      }
      const { mode, mx, id } = policy
      return mode === 'none' ? undefined : { mode, mx, id, strings: linesOf(policy) }
    },
  }
}

function note(reports: TlsReportSink, domain: string, { type, why }: StsFailure): void {
  const policy = { type: 'sts', domain, strings: [], mxHosts: [] } as const
  reports.note({ policy, result: type, host: '', address: '', localAddress: '', reason: why })
}
