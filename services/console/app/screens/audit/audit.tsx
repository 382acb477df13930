// Who changed what: each with how it was before and is after.

import { useState } from 'preact/hooks'
import { get, type Query } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FilterChoice, Filters, FilterText } from '../../kit/filters.tsx'
import { Foreign, Time } from '../../kit/format.tsx'
import { Icon } from '../../kit/icon.tsx'
import { type Listed, useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { setQuery } from '../../kit/location.ts'
import { Empty, Failed, Page, Skeleton, Status } from '../../kit/panel.tsx'
import { DifferenceTable } from '../../parts/difference-table.tsx'
import { differencesOf } from '../../parts/differences.ts'
import { askedOf } from '../../parts/query-fields.tsx'
import { save } from '../../parts/save.ts'
import { type AuditRecord, auditFilters } from './audit-api.ts'

export function screen() {
  const filter = askedOf(auditFilters)
  const list = useKeyset<AuditRecord>('/audit', filter)
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
            ...['1h', '24h', '7d', '30d'].map((span) => ({ value: span, label: span })),
          ]}
        />
        {isFiltered && <Button onPress={clear}>{t('act.clearFilter')}</Button>}
      </Filters>
      {list.failure !== undefined && (
        <Failed failure={list.failure} retry={list.reload} lastGoodMs={list.atMs} />
      )}
      {list.rows.length === 0 && list.failure === undefined ? (
        list.isLoading ? (
          <Skeleton lines={8} />
        ) : isFiltered ? (
          <Empty icon="search" title={t('table.noHits')}>
            <Button onPress={clear}>{t('act.clearFilter')}</Button>
          </Empty>
        ) : (
          <Empty icon="audit" title={t('audit.empty')} command="postwolke audit list">
            <p>{t('audit.emptyText')}</p>
          </Empty>
        )
      ) : (
        <ol class="audit-records">
          {list.rows.map((record) => (
            <Record key={record.id} record={record} />
          ))}
        </ol>
      )}
      {list.hasMore && (
        <Button onPress={list.more} disabled={list.isLoading}>
          {t('audit.more')}
        </Button>
      )}
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
  save('audit.ndjson', 'application/x-ndjson', lines.join(''))
}

function Record({ record }: { readonly record: AuditRecord }) {
  const [isOpen, setOpen] = useState(false)
  const { at, actor, from, operation, object, result, changes, moreChanges, requestId } = record
  return (
    <li>
      <button
        type="button"
        class="expander"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={isOpen ? 'down' : 'right'} />
        <span class="audit-time">
          <Time at={at} />
        </span>
        <span class="audit-who">
          <Foreign text={actor.name} />
        </span>
        <span class="mono">{operation}</span>
        <Foreign text={object} isMono />
        <Result result={result} />
      </button>
      {isOpen && (
        <div class="audit-more">
          {changes.map((change) => (
            <section key={`${change.what} ${change.name}`}>
              <h3>
                {change.what} <Foreign text={change.name} isMono />
              </h3>
              <DifferenceTable differences={differencesOf(change.before, change.after)} />
            </section>
          ))}
          {moreChanges > 0 && <p class="meta">+{moreChanges}</p>}
          {changes.length === 0 && <p class="meta">{t('audit.nothingChanged')}</p>}
          <p class="meta">
            {t('audit.from')} <span class="mono">{from.address}</span> ·{' '}
            <Foreign text={from.client} />
            {actor !== null && ` · ${actor.role}, ${actor.via}`} ·{' '}
            <span class="mono">{requestId ?? ''}</span>
          </p>
        </div>
      )}
    </li>
  )
}

function Result({ result }: { readonly result: string | null }) {
  if (result === null) return <Status look="warn">{t('audit.unknown')}</Status>
  if (result === 'ok') return <Status look="ok">{t('audit.ok')}</Status>
  return <Status look="bad">{result}</Status>
}
