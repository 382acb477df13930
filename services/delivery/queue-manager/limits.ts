// The settings of the queue manager as the limits of each transport and each destination.

import { parseRoute } from '#shared/mail/route.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Limits } from './active-set.ts'
import type { DestinationLimits } from './concurrency.ts'
import { LOCAL } from './destination.ts'

export type LimitSettings = Pick<
  Settings,
  | 'qmgrMessageActiveLimit'
  | 'defaultProcessLimit'
  | 'localProcessLimit'
  | 'initialDestinationConcurrency'
  | 'defaultDestinationConcurrencyLimit'
  | 'defaultDestinationConcurrencyPositiveFeedback'
  | 'defaultDestinationConcurrencyNegativeFeedback'
  | 'defaultDestinationConcurrencyFailedCohortLimit'
  | 'defaultDestinationRateDelay'
  | 'transportLimits'
  | 'minimalBackoffTime'
>

export function createLimits(settings: () => LimitSettings): Limits {
  const ofOwn = (name: string) => settings().transportLimits.find(({ of }) => of === name)

  function destinationOf(slot: string): DestinationLimits {
    const all = settings()
    if (slot === LOCAL) return { ...limitsOf(all), ...local }
    const own = [ofOwn(slot), ofOwn(transportOf(slot))]
    const first = <Value>(...values: readonly (Value | undefined)[]) =>
      values.find((value) => value !== undefined)
    const usual = limitsOf(all)
    return {
      ...usual,
      initial: first(...own.map((one) => one?.initial)) ?? usual.initial,
      concurrency: first(...own.map((one) => one?.concurrency)) ?? usual.concurrency,
      rateDelayMs: first(...own.map((one) => one?.rateDelayMs)) ?? usual.rateDelayMs,
    }
  }

  return {
    activeMax: () => settings().qmgrMessageActiveLimit,
    transportOf,
    processesOf: (transport) =>
      transport === LOCAL
        ? settings().localProcessLimit
        : (ofOwn(transport)?.processes ?? settings().defaultProcessLimit),
    destinationOf,
  }
}

/** Folders here have the room of their transport to themselves, and are never dead. */
const local = {
  initial: 1_000,
  concurrency: 0,
  failedCohortLimit: 0,
  rateDelayMs: 0,
} as const satisfies Partial<DestinationLimits>

function limitsOf(settings: LimitSettings): DestinationLimits {
  return {
    initial: settings.initialDestinationConcurrency,
    concurrency: settings.defaultDestinationConcurrencyLimit,
    positiveFeedback: settings.defaultDestinationConcurrencyPositiveFeedback,
    negativeFeedback: settings.defaultDestinationConcurrencyNegativeFeedback,
    failedCohortLimit: settings.defaultDestinationConcurrencyFailedCohortLimit,
    rateDelayMs: settings.defaultDestinationRateDelay,
    deadMs: settings.minimalBackoffTime,
  }
}

/** What is no route fails without being tried, like what is one to nowhere. */
function transportOf(slot: string): string {
  if (slot === LOCAL) return LOCAL
  const route = parseRoute(slot)
  return typeof route === 'string' ? 'error' : route.kind
}
