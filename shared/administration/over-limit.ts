import type { OverLimit } from '#shared/directory/limits.ts'
import type { OverDomainLimit } from './refusals.ts'

/** `value`: as it was written. */
export function overDomainLimit(
  { limit, max, given }: OverLimit,
  { domain, value }: { readonly domain: string; readonly value: string },
): OverDomainLimit {
  const fields = { accounts: 'address', aliases: 'alias', quotaBytes: 'quota' } as const
  return { kind: 'over-domain-limit', field: fields[limit], value, domain, limit, max, given }
}
