// Who changed what: each with how it was before and is after.

import { get, type Query } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FilterChoice, Filters, FilterText } from '../../kit/filters.tsx'
import { formatSpan } from '../../kit/format.tsx'
import type { Listed } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { setQuery } from '../../kit/location.ts'
import { Page } from '../../kit/panel.tsx'
import { saveText } from '../../kit/save.ts'
import { askedOf } from '../../parts/query-fields.tsx'
import { type AuditRecord, auditFilters } from './audit-api.ts'
import { AuditRecords } from './records.tsx'

export function screen() {
  const filter = askedOf(auditFilters)
  const isFiltered = Object.keys(filter).length > 0
  return (
    <Page
      title={t('entry.audit')}
      actions={
        <>
          <CopyAs path="/audit" query={filter} command="postwolke audit list" />
          <Button onPress={() => exportAll(filter)}>{t('audit.export')}</Button>
        </>
      }
    >
      <Filters>
        <FilterText name="actor" label={t('audit.actor')} placeholder="olga@example.org" />
        <FilterText
          name="object"
          label={t('audit.object')}
          placeholder="accounts/ann@example.org"
        />
        <FilterText name="domain" label={t('domain')} placeholder="example.org" />
        <FilterChoice
          name="since"
          label={t('audit.since')}
          options={[
            { value: '', label: t('filter.any') },
            ...['1h', '24h', '7d', '30d'].map((span) => ({ value: span, label: formatSpan(span) })),
          ]}
        />
        {isFiltered && <Button onPress={clear}>{t('act.clearFilter')}</Button>}
      </Filters>
      <AuditRecords filter={filter} {...(isFiltered && { clear })} />
    </Page>
  )
}

const clear = () => setQuery(Object.fromEntries(auditFilters.map((name) => [name, undefined])))

/** Acts of one file. */
const EXPORTED_MAX = 20_000
const PAGE = 1_000

/** All that the filter means, the newest first, a line each. */
async function exportAll(filter: Query): Promise<void> {
  const lines: string[] = []
  let cursor: string | undefined
  do {
    const { data, next } = await get<Listed<AuditRecord>>('/audit', {
      ...filter,
      cursor,
      limit: PAGE,
    })
    lines.push(...data.map((record) => `${JSON.stringify(record)}\n`))
    cursor = next ?? undefined
  } while (cursor !== undefined && lines.length < EXPORTED_MAX)
  saveText('audit.ndjson', lines.join(''), 'application/x-ndjson')
}
