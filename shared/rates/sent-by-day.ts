// What an account sent in a day: where it is counted, and what may be.
//
// Item SENT#<account id>, <day in UTC>: messages, recipients, bytes, ttl.

import type { Settings } from '#shared/settings/table.ts'
import type { Key } from '#shared/storage/ports.ts'

/** 0: no limit. */
export type SendingLimitOptions = Pick<
  Settings,
  'accountMessageLimitPerDay' | 'accountRecipientLimitPerDay' | 'accountByteLimitPerDay'
>

export const sentKey = (accountId: string, nowMs: number): Key => ({
  pk: `SENT#${accountId}`,
  sk: new Date(nowMs).toISOString().slice(0, 10),
})

export const dayLimits = (options: SendingLimitOptions) =>
  [
    { name: 'messages', max: options.accountMessageLimitPerDay },
    { name: 'recipients', max: options.accountRecipientLimitPerDay },
    { name: 'bytes', max: options.accountByteLimitPerDay },
  ] as const
