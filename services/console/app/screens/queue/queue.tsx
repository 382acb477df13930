// What waits, for whom, and why: by groups of what has the same reason, destination or sender, or message by message.

import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { useEvents } from '../../kit/events.ts'
import { FilterChoice, Filters, FilterText } from '../../kit/filters.tsx'
import { formatSpan } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { setQuery } from '../../kit/location.ts'
import { Page } from '../../kit/panel.tsx'
import { useFresh } from '../../parts/fresh.tsx'
import { asked, askedOf, QueryChoice } from '../../parts/query-fields.tsx'
import { QueueGroups } from './groups.tsx'
import { QueueMessages } from './messages.tsx'
import { filterNames, groupings, states } from './queue-api.ts'

export function screen() {
  const filter = askedOf(filterNames)
  const view = asked('group', 'reason')
  const by = groupings.find((each) => each === view)
  const fresh = useFresh()
  useEvents('queue', fresh.note, fresh.reload)
  return (
    <Page
      title={t('entry.queue')}
      actions={
        <>
          {fresh.count > 0 && (
            <Button icon="reload" onPress={fresh.reload}>
              {t('queue.changed', { count: fresh.count })}
            </Button>
          )}
          <CopyAs path="/queue" query={filter} command={commandOf(filter)} />
        </>
      }
    >
      <Filters>
        <FilterChoice
          name="state"
          label={t('queue.state')}
          options={[
            { value: '', label: t('filter.any') },
            ...states.map((state) => ({ value: state, label: t(`queue.state.${state}`) })),
          ]}
        />
        <FilterText name="destination" label={t('queue.destination')} placeholder="gmail.com" />
        <FilterText name="sender" label={t('queue.sender')} placeholder="news@example.org" />
        <FilterChoice
          name="olderThan"
          label={t('queue.olderThan')}
          options={[
            { value: '', label: t('filter.any') },
            ...['10m', '1h', '4h', '1d', '3d'].map((age) => ({
              value: age,
              label: formatSpan(age),
            })),
          ]}
        />
        <QueryChoice
          name="group"
          label={t('queue.groupBy')}
          otherwise="reason"
          clears={['reasonGroup']}
          options={[
            ...groupings.map((each) => ({ value: each, label: t(`queue.by.${each}`) })),
            { value: 'none', label: t('queue.by.none') },
          ]}
        />
        {Object.keys(filter).length > 0 && <Button onPress={clear}>{t('act.clearFilter')}</Button>}
      </Filters>
      {filter.reasonGroup !== undefined && (
        <p class="meta">
          {t('queue.onlyReason')} <bdi class="mono">{filter.reasonGroup}</bdi>
        </p>
      )}
      {by === undefined ? (
        <QueueMessages filter={filter} round={fresh.round} />
      ) : (
        <QueueGroups by={by} filter={filter} round={fresh.round} onChange={fresh.reload} />
      )}
    </Page>
  )
}

function clear(): void {
  setQuery(Object.fromEntries(filterNames.map((name) => [name, undefined])))
}

function commandOf(filter: { readonly [name: string]: string | undefined }): string {
  const options = Object.entries(filter).map(
    ([name, value]) =>
      `--${name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)} ${value}`,
  )
  return ['postwolke queue list', ...options].join(' ')
}
