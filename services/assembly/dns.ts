// DNS by the settings: what delivery asks, and what policy asks, whose answers are kept for as long as the process runs.

import { createAnyNameResolver } from '#shared/dns/any-name-resolver.ts'
import { createBudgetedResolver, DNS_QUESTIONS_MAX } from '#shared/dns/budgeted-resolver.ts'
import { createCachedResolver } from '#shared/dns/cached-resolver.ts'
import { createRecordingResolver, type RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'

export function openResolver({ dnsServers, dnsTimeout, dnsTries }: Settings): Resolver {
  return createSystemResolver({ servers: dnsServers, timeoutMs: dnsTimeout, tries: dnsTries })
}

function openCachedResolver(settings: Settings, clock: Clock): Resolver {
  const { dnsServers, dnsTimeout, dnsTries } = settings
  const limits = { servers: dnsServers, timeoutMs: dnsTimeout, tries: dnsTries }
  return createCachedResolver(createAnyNameResolver(openResolver(settings), limits), {
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
export function openQuestionResolvers(settings: Settings, clock: Clock): () => RecordingResolver {
  const cached = openCachedResolver(settings, clock)
  const budget = { timeLimitMs: settings.policyDnsTimeLimit, questionsMax: DNS_QUESTIONS_MAX }
  return () => createRecordingResolver(createBudgetedResolver(cached, { clock, budget }))
}
