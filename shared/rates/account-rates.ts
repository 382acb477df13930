// What an account may send in a short time: counted by listeners, shown and forgiven by administration.

import type { Settings } from '#shared/settings/table.ts'
import type { Rate } from './rate.ts'

export type AccountRateOptions = Pick<
  Settings,
  'anvilRateTimeUnit' | 'smtpdAccountMessageRateLimit' | 'smtpdAccountRecipientRateLimit'
>

/** Counted by login. */
export const accountRate = (event: string, capacity: number, perMs: number): Rate => ({
  name: `account-${event}`,
  ...{ capacity, perMs },
  mayBeForgiven: true,
})

export const accountRates = (options: AccountRateOptions): readonly Rate[] => [
  accountRate('messages', options.smtpdAccountMessageRateLimit, options.anvilRateTimeUnit),
  accountRate('recipients', options.smtpdAccountRecipientRateLimit, options.anvilRateTimeUnit),
]
