// DNS by the settings: what delivery asks, and what policy asks, whose answers are kept for as long as the process runs.

import { createAnyNameResolver } from '#shared/dns/any-name-resolver.ts'
import { createBudgetedResolver, DNS_QUESTIONS_MAX } from '#shared/dns/budgeted-resolver.ts'
import { createCachedResolver } from '#shared/dns/cached-resolver.ts'
import { createKeyedResolver } from '#shared/dns/keyed-resolver.ts'
import { createRecordReader } from '#shared/dns/record-reader.ts'
import { createRecordingResolver, type RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { createWatchedResolver } from '#shared/dns/watched-resolver.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Log, silentLog } from '#shared/runtime/log.ts'
import { keyedZones } from '#shared/settings/restrictions/keyed-zones.ts'
import type { Settings } from '#shared/settings/table.ts'

export function openResolver({ dnsServers, dnsTimeout, dnsTries }: Settings): Resolver {
  return createSystemResolver({ servers: dnsServers, timeoutMs: dnsTimeout, tries: dnsTries })
}

/** Records for people to read. */
export function openRecordReader({ dnsServers, dnsTimeout, dnsTries }: Settings) {
  return createRecordReader({ servers: dnsServers, timeoutMs: dnsTimeout, tries: dnsTries })
}

/** What policy asks: any name, and DNS lists with their keys. */
export function openPolicyResolver(settings: Settings): Resolver {
  const { dnsServers, dnsTimeout, dnsTries } = settings
  const limits = { servers: dnsServers, timeoutMs: dnsTimeout, tries: dnsTries }
  const anyName = createAnyNameResolver(openResolver(settings), limits)
  return createKeyedResolver(anyName, {
    keys: settings.dnsListKeys,
    zones: keyedZones(settings),
  })
}

function openCachedResolver(settings: Settings, clock: Clock, log: Log): Resolver {
  return createCachedResolver(createWatchedResolver(openPolicyResolver(settings), log), {
    clock,
    options: {
      entriesMax: settings.dnsCacheEntries,
      bytesMax: settings.dnsCacheSize,
      positiveLifeMs: settings.dnsCachePositiveLife,
      negativeLifeMs: settings.dnsCacheNegativeLife,
      failureLifeMs: settings.dnsCacheFailureLife,
    },
  })
}

/** What policy asks, one question of a listener after the other: they share what is remembered, each has its own budget and record. */
export function openQuestionResolvers(
  settings: Settings,
  clock: Clock,
  log: Log = silentLog,
): () => RecordingResolver {
  const cached = openCachedResolver(settings, clock, log)
  const budget = { timeLimitMs: settings.policyDnsTimeLimit, questionsMax: DNS_QUESTIONS_MAX }
  return () => createRecordingResolver(createBudgetedResolver(cached, { clock, budget }))
}
