// Acts of the audit, the newest first: of all, or of one thing.

import { useState } from 'preact/hooks'
import type { Query } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { Foreign, Time } from '../../kit/format.tsx'
import { Icon } from '../../kit/icon.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Empty, Failed, Skeleton, Status } from '../../kit/panel.tsx'
import { DifferenceTable } from '../../parts/difference-table.tsx'
import { differencesOf } from '../../parts/differences.ts'
import type { AuditRecord } from './audit-api.ts'

export function AuditRecords({
  filter,
  clear,
}: {
  readonly filter: Query
  /** Where somebody has chosen a filter. */
  readonly clear?: () => void
}) {
  const list = useKeyset<AuditRecord>('/audit', filter)
  return (
    <>
      {list.failure !== undefined && (
        <Failed failure={list.failure} retry={list.reload} lastGoodMs={list.atMs} />
      )}
      {list.rows.length === 0 && list.failure === undefined ? (
        list.isLoading ? (
          <Skeleton lines={8} />
        ) : clear !== undefined ? (
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
    </>
  )
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
