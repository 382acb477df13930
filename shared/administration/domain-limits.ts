// What a domain may hold at most, as people write it.

import type { DomainLimits } from '#shared/directory/records.ts'
import { parseQuota } from './fields.ts'
import { badValue, ok, type Parsed } from './refusals.ts'

export type LimitDomain = {
  readonly domain: string
  /** A number, or `none`. */
  readonly accounts?: string | undefined
  readonly aliases?: string | undefined
  /** Of all accounts together, as parseQuota takes it, or `none`. */
  readonly quota?: string | undefined
}

/** Of accounts and aliases; more is no limit that anybody means. */
export const DOMAIN_COUNT_MAX = 10_000_000

function parseCount(text: string, field: 'accountsMax' | 'aliasesMax'): Parsed<number | null> {
  if (text === 'none') return ok(null)
  const count = /^\d{1,8}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY
  return count <= DOMAIN_COUNT_MAX
    ? ok(count)
    : badValue(field, text, { name: 'count', max: DOMAIN_COUNT_MAX })
}

/** A quota of 0 bytes is none at all. */
function parseQuotas(text: string): Parsed<number | null> {
  if (text === 'none') return ok(null)
  const quota = parseQuota(text)
  return quota.kind === 'ok' ? ok(quota.value || null) : quota
}

/** As they are written, to numbers. */
export function parseLimits(request: LimitDomain): Parsed<Partial<DomainLimits>> {
  const { accounts, aliases, quota } = request
  const parsed = {
    ...(accounts !== undefined && { accounts: parseCount(accounts, 'accountsMax') }),
    ...(aliases !== undefined && { aliases: parseCount(aliases, 'aliasesMax') }),
    ...(quota !== undefined && { quotaBytes: parseQuotas(quota) }),
  }
  const limits: { -readonly [name in keyof DomainLimits]?: number | null } = {}
  for (const name of ['accounts', 'aliases', 'quotaBytes'] as const) {
    const limit = parsed[name]
    if (limit?.kind === 'bad-value') return limit
    if (limit !== undefined) limits[name] = limit.value
  }
  return Object.keys(limits).length > 0
    ? ok(limits)
    : badValue('changes', '', { name: 'some-change' })
}
