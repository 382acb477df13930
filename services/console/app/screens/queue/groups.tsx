// Groups of messages that wait for the same: the largest first, each with what can be done to all of it.

import { useState } from 'preact/hooks'
import { get } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { Ago, Foreign, formatBytes, formatCount } from '../../kit/format.tsx'
import { Icon } from '../../kit/icon.tsx'
import type { Listed } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { setQuery, withQuery } from '../../kit/location.ts'
import { Empty, Loaded } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { segment } from '../../routes.ts'
import { ActButtons, mayAct } from './acts.tsx'
import {
  type Chosen,
  filterNames,
  filterOfGroup,
  type Grouping,
  type GroupRow,
  type QueueFilter,
  type QueueMessage,
  readGroups,
} from './queue-api.ts'

/** Of a group that is opened. */
const SHOWN = 10

export function QueueGroups({
  by,
  filter,
  round,
  onChange,
}: {
  readonly by: Grouping
  readonly filter: QueueFilter
  readonly round: number
  readonly onChange: () => void
}) {
  const key = JSON.stringify(filter)
  const groups = useResource(`${by} ${key} ${round}`, (signal) => readGroups(by, filter, signal))
  const [isAll, setAll] = useState(false)
  return (
    <Loaded of={groups} lines={8}>
      {({ total, data, more }) =>
        data.length === 0 ? (
          <NothingWaits isFiltered={Object.keys(filter).length > 0} />
        ) : (
          <>
            <p class="subtitle">
              {t('queue.count', { count: total.messages })} ·{' '}
              {t('queue.recipients', { count: total.recipients })}
              {mayAct() && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={isAll}
                    onChange={({ currentTarget }) => setAll(currentTarget.checked)}
                  />
                  <span>{t('queue.all', { count: total.messages })}</span>
                </label>
              )}
            </p>
            <ul class="queue-groups">
              {data.map((row) => (
                <Group key={row.name} by={by} row={row} filter={filter} onChange={onChange} />
              ))}
            </ul>
            {more > 0 && <p class="meta">{t('queue.moreGroups', { count: more })}</p>}
            {isAll && (
              <div class="bulk" role="region" aria-label={t('queue.bulk')}>
                <strong>{t('table.selected', { count: total.messages })}</strong>
                <ActButtons
                  chosen={{ kind: 'filter', filter, count: total.messages }}
                  after={() => {
                    setAll(false)
                    onChange()
                  }}
                />
              </div>
            )}
          </>
        )
      }
    </Loaded>
  )
}

function Group({
  by,
  row,
  filter,
  onChange,
}: {
  readonly by: Grouping
  readonly row: GroupRow
  readonly filter: QueueFilter
  readonly onChange: () => void
}) {
  const [isOpen, setOpen] = useState(false)
  const own = filterOfGroup(by, row.name, filter)
  const chosen: Chosen = { kind: 'filter', filter: own, count: row.messages }
  return (
    <li>
      <div class="queue-group">
        <button
          type="button"
          class="expander"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? 'down' : 'right'} />
          <span class="queue-group-count">{formatCount(row.messages)}</span>
          <span class="queue-group-name">
            <Foreign text={row.name} />
            {by !== 'reason' && row.reason !== null && (
              <span class="meta">
                <Foreign text={row.reason} />
              </span>
            )}
          </span>
        </button>
        <span class="meta">
          {row.oldestAt !== null && (
            <>
              {t('queue.oldest')} <Ago at={row.oldestAt} />
            </>
          )}
          {row.nextAt !== null && (
            <>
              {' · '}
              {t('queue.next')} <Ago at={row.nextAt} />
            </>
          )}
        </span>
        {mayAct() && (
          <span class="queue-group-acts">
            <ActButtons
              chosen={chosen}
              waits={row.nextAt === null ? 'held' : 'waiting'}
              after={onChange}
            />
          </span>
        )}
      </div>
      {isOpen && <FirstOf filter={own} />}
    </li>
  )
}

function FirstOf({ filter }: { readonly filter: QueueFilter }) {
  const messages = useResource(JSON.stringify(filter), (signal) =>
    get<Listed<QueueMessage>>('/queue', { ...filter, limit: SHOWN }, signal),
  )
  const all = withQuery('/queue', new URLSearchParams({ ...filter, group: 'none' }))
  return (
    <Loaded of={messages}>
      {({ data, next }) => (
        <ul class="queue-first">
          {data.map(({ queueId, sender, recipients, bytes, arrivedAt }) => (
            <li key={queueId}>
              <a class="mono" href={`/queue/${segment(queueId)}`}>
                {queueId}
              </a>{' '}
              <Ago at={arrivedAt} /> <Foreign text={sender === '' ? '<>' : sender} /> →{' '}
              {t('queue.recipients', { count: recipients.length })}, {formatBytes(bytes)}
            </li>
          ))}
          {next !== undefined && next !== null && (
            <li>
              <a href={all}>{t('queue.showAll')}</a>
            </li>
          )}
        </ul>
      )}
    </Loaded>
  )
}

export function NothingWaits({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered) {
    return (
      <Empty icon="check" title={t('queue.empty')} command="postwolke queue list">
        <p>{t('queue.emptyText')}</p>
      </Empty>
    )
  }
  const clear = () => setQuery(Object.fromEntries(filterNames.map((name) => [name, undefined])))
  return (
    <Empty icon="search" title={t('table.noHits')}>
      <Button onPress={clear}>{t('act.clearFilter')}</Button>
    </Empty>
  )
}
