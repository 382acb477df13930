// Domains of an import: one a line; what stands behind it, as in a virtual_mailbox_domains map, is not looked at.

import type { Directory } from '#shared/directory/directory.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { parseOwnDomain } from '../fields.ts'
import { domainColumns } from './columns.ts'
import type { Named, RowKind } from './plan.ts'

type WantedDomain = Named & { readonly domain: Domain }

const ADDED_AT_ONCE = 16

export function domainRows({
  directory: { domains },
}: {
  readonly directory: Pick<Directory, 'domains'>
}): RowKind<WantedDomain> {
  return {
    many: 'domains',
    field: 'domain',
    columns: domainColumns,
    parse(row) {
      const text = row.kind === 'fields' ? row.fields.domain : row.text.trim().split(/\s/)[0]
      const domain = parseOwnDomain(text ?? '')
      if (domain.kind !== 'ok') return domain
      return { kind: 'ok', value: { key: domain.value, domain: domain.value } }
    },
    standing: async ({ domain }) => ((await domains.get(domain)) ? 'same' : 'missing'),
    // One that another added meanwhile is as it should be.
    add: (some) =>
      concurrently(some, ADDED_AT_ONCE, async ({ domain }) => {
        await domains.add(domain)
        return undefined
      }),
    // A domain has nothing that could differ.
    update: async () => undefined,
  }
}
