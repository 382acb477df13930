// Slows guessing down, whatever the mechanism: who failed too often waits and is not looked at, and every refusal takes the same
// time.

import type { LoginThrottled } from '#shared/contracts/authenticate.ts'
import { type Address, lookupKey, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { networkName, parseIpAddress } from '#shared/runtime/settings/networks.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import type { Table } from '#shared/storage/ports.ts'
import { createFailureCounters, type Subject } from './failure-counters.ts'

export type GuardSettings = Pick<
  Settings,
  | 'defaultDomain'
  | 'authFailureDelay'
  | 'authFailureLimitPerAddress'
  | 'authFailureLimitPerAccount'
  | 'authFailureWindow'
  | 'authMinimalBackoffTime'
  | 'authMaximalBackoffTime'
>

/** Who wants to log in, as failures are counted. */
export type Applicant = {
  /** One IPv4 address, or the IPv6 network of one customer, who has 2^64 addresses to try from. */
  readonly client: string
  /** Undefined when the login is none; then only the client is held to account. */
  readonly address: Address | undefined
  readonly subjects: readonly Subject[]
}

export interface LoginGuard {
  applicant(attempt: { readonly login: string; readonly remoteAddress: string }): Applicant
  /** Undefined when nobody has to wait. */
  throttled(subjects: readonly Subject[]): Promise<LoginThrottled | undefined>
  /** Counts a failure. */
  fail(subjects: readonly Subject[]): Promise<void>
  /** The same time for every reason of a refusal, so that it does not tell the reason. */
  slowly<T extends { readonly kind: string }>(decide: () => Promise<T>): Promise<T>
}

export function createLoginGuard(parts: {
  /** The `counters` table. */
  readonly counters: Table
  readonly settings: GuardSettings
  readonly clock: Clock
  readonly log: Log
}): LoginGuard {
  const { settings, clock, log } = parts
  const defaultDomain = parseDomain(settings.defaultDomain)
  const counters = createFailureCounters(parts.counters, clock, {
    windowMs: settings.authFailureWindow,
    minimalMs: settings.authMinimalBackoffTime,
    maximalMs: settings.authMaximalBackoffTime,
  })
  return {
    applicant({ login, remoteAddress }) {
      const client = clientName(remoteAddress)
      const address = parseAddress(login, defaultDomain)
      const subjects = [{ name: client, limit: settings.authFailureLimitPerAddress }]
      if (address !== undefined) {
        subjects.push({ name: accountName(address), limit: settings.authFailureLimitPerAccount })
      }
      return { client, address, subjects }
    },
    async throttled(subjects) {
      const waitMs = await counters.waitMs(subjects)
      if (waitMs <= 0) return undefined
      return { kind: 'throttled', retryAfterSeconds: Math.ceil(waitMs / 1_000) }
    },
    async fail(subjects) {
      const waiting = await counters.record(subjects)
      for (const { name } of waiting) log.warn({ subject: name }, 'too many failed logins')
    },
    async slowly(decide) {
      const beganMs = clock.now()
      const result = await decide()
      const leftMs = beganMs + settings.authFailureDelay - clock.now()
      if (result.kind === 'refused' && leftMs > 0) await clock.sleep(leftMs)
      return result
    },
  }
}

export function accountName({ local, domain }: Address): string {
  return `account#${lookupKey(local)}@${domain}`
}

function clientName(remoteAddress: string): string {
  const address = parseIpAddress(remoteAddress.replace(/%.*/, ''))
  if (address === undefined) return 'address#unknown'
  return `address#${networkName(address, address.family === 'ipv4' ? 32 : 64)}`
}
