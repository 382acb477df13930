// The queue message by message, oldest first or youngest; what is chosen is acted on together.

import { useEffect } from 'preact/hooks'
import { Button } from '../../kit/button.tsx'
import { Ago, Foreign, formatBytes, formatCount } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { useSelection } from '../../kit/selection.ts'
import { Table } from '../../kit/table.tsx'
import { asked, QueryChoice } from '../../parts/query-fields.tsx'
import { segment } from '../../routes.ts'
import { ActButtons, actItems, mayAct } from './acts.tsx'
import { NothingWaits } from './groups.tsx'
import {
  type Chosen,
  type QueueFilter,
  type QueueMessage,
  readGroups,
  type State,
} from './queue-api.ts'

const orders = ['asc', 'desc'] as const

const looks = {
  incoming: 'info',
  active: 'ok',
  deferred: 'warn',
  hold: 'warn',
  corrupt: 'bad',
} as const satisfies { readonly [state in State]: string }

export const QueueStatus = ({ state }: { readonly state: State }) => (
  <Status look={looks[state]}>{t(`queue.state.${state}`)}</Status>
)

export function QueueMessages({
  filter,
  round,
}: {
  readonly filter: QueueFilter
  readonly round: number
}) {
  const order = orders.find((each) => each === asked('order')) ?? 'asc'
  const list = useKeyset<QueueMessage>('/queue', { ...filter, order })
  useEffect(() => {
    if (round > 0) list.reload()
  }, [round])
  const selection = useSelection()
  // How many "all that match" are: counted by the server, never by what is loaded here.
  const all = useResource(`count ${JSON.stringify(filter)} ${round}`, (signal) =>
    readGroups('destination', filter, signal),
  )
  const total = all.value?.total.messages
  const chosen: Chosen = selection.isAllThatMatch
    ? { kind: 'filter', filter, count: total ?? 0 }
    : { kind: 'messages', queueIds: selection.keys }
  const after = () => {
    selection.clear()
    list.reload()
    all.reload()
  }
  const isChosen = selection.count > 0 || selection.isAllThatMatch
  return (
    <>
      <QueryChoice
        name="order"
        label={t('table.sort')}
        otherwise="asc"
        options={orders.map((value) => ({ value, label: t(`queue.order.${value}`) }))}
      />
      <Table
        label={t('entry.queue')}
        rows={list.rows}
        list={list}
        total={total}
        keyOf={({ queueId }) => queueId}
        hrefOf={({ queueId }) => `/queue/${segment(queueId)}`}
        {...(mayAct() && {
          selection,
          actions: (message: QueueMessage) => actItems(message, after),
        })}
        columns={[
          {
            key: 'queueId',
            title: t('queue.id'),
            width: '12rem',
            cell: ({ queueId }) => <span class="mono">{queueId}</span>,
          },
          {
            key: 'state',
            title: t('queue.state'),
            width: '9rem',
            onPhone: 'beside',
            cell: ({ state }) => <QueueStatus state={state} />,
          },
          {
            key: 'sender',
            title: t('queue.sender'),
            width: 'minmax(0, 2fr)',
            onPhone: 'below',
            cell: ({ sender }) => <Foreign text={sender === '' ? '<>' : sender} />,
          },
          {
            key: 'recipients',
            title: t('queue.to'),
            width: 'minmax(0, 2fr)',
            cell: ({ recipients }) => <Recipients recipients={recipients} />,
          },
          {
            key: 'reason',
            title: t('queue.reason'),
            width: 'minmax(0, 2fr)',
            cell: (message) => <Foreign text={reasonOf(message)} />,
          },
          {
            key: 'bytes',
            title: t('queue.size'),
            width: '5rem',
            isNumber: true,
            cell: ({ bytes }) => formatBytes(bytes),
          },
          {
            key: 'arrived',
            title: t('queue.arrived'),
            width: '9rem',
            isNumber: true,
            cell: ({ arrivedAt }) => <Ago at={arrivedAt} />,
          },
        ]}
        empty={<NothingWaits isFiltered={Object.keys(filter).length > 0} />}
      />
      {isChosen && (
        <div class="bulk" role="region" aria-label={t('queue.bulk')}>
          <strong>
            {t('table.selected', {
              count: selection.isAllThatMatch ? (total ?? 0) : selection.count,
            })}
          </strong>
          {!selection.isAllThatMatch && total !== undefined && total > selection.count && (
            <Button onPress={() => selection.chooseAllThatMatch()}>
              {t('queue.all', { count: total })}
            </Button>
          )}
          <ActButtons chosen={chosen} after={after} />
        </div>
      )}
    </>
  )
}

function Recipients({ recipients }: { readonly recipients: readonly string[] }) {
  const [first = ''] = recipients
  if (recipients.length < 2) return <Foreign text={first} />
  return (
    <>
      <Foreign text={first} /> +{formatCount(recipients.length - 1)}
    </>
  )
}

export const reasonOf = ({ reason, groups }: QueueMessage): string =>
  reason ?? groups.find(({ lastReply }) => lastReply !== null)?.lastReply ?? ''
