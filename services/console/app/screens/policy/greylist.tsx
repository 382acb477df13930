// Who has to come again, and what points mail had that was refused: by a client, a sender or a recipient, which stands in the address.

import { call, get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FilterChoice, Filters, FilterText } from '../../kit/filters.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { Table } from '../../kit/table.tsx'
import { toast } from '../../kit/toast.tsx'
import { asked, QueryChoice } from '../../parts/query-fields.tsx'
import { segment } from '../../routes.ts'
import { PolicyTabs } from './policy-tabs.tsx'

type Recorded = {
  readonly queueId: string
  readonly at: string
  readonly client: string
  readonly sender: string
  readonly recipient: string
}
type PutOff = Recorded & {
  readonly places: readonly {
    readonly place: string
    readonly state: 'waiting' | 'passed' | 'unknown'
    readonly from: string | null
  }[]
}
type Scored = Recorded & {
  readonly outcome: string
  readonly score: number
  readonly why: readonly string[]
}
type Found<Row> = { readonly data: readonly Row[]; readonly isCut: boolean }
type Client = {
  readonly client: string
  readonly passes: number
  readonly passesEnough: number
}

const spans = ['1d', '7d', '30d'] as const

export function screen() {
  const about = asked('about').trim()
  const show = asked('show', 'greylist') === 'scores' ? 'scores' : 'greylist'
  const since = asked('since', '1d')
  const verb = show === 'scores' ? 'scores' : 'list'
  return (
    <Page
      title={t('greylist.title')}
      actions={
        about !== '' && (
          <CopyAs
            path={`/${show}`}
            query={{ about, since }}
            command={`postwolke greylist ${verb} ${about} --since ${since}`}
          />
        )
      }
    >
      <PolicyTabs current="greylist" />
      <Filters>
        <FilterText
          name="about"
          label={t('greylist.about')}
          placeholder={t('greylist.aboutHint')}
          isWide
        />
        <FilterChoice
          name="since"
          label={t('greylist.since')}
          options={spans.map((value) => ({
            value: value === '1d' ? '' : value,
            label: t('greylist.days', { count: Number.parseInt(value, 10) }),
          }))}
        />
        <QueryChoice
          name="show"
          label={t('greylist.show')}
          otherwise="greylist"
          options={[
            { value: 'greylist', label: t('greylist.putOff') },
            { value: 'scores', label: t('greylist.scores') },
          ]}
        />
      </Filters>
      {about === '' ? (
        <Empty
          icon="search"
          title={t('greylist.empty')}
          command="postwolke greylist list 198.51.100.7"
        >
          <p>{t('greylist.emptyText')}</p>
        </Empty>
      ) : (
        <div class="stack" key={`${show} ${about} ${since}`}>
          {isAddress(about) && show === 'greylist' && may('service.read') && (
            <ClientPanel address={about} />
          )}
          {show === 'scores' ? (
            <Scores about={about} since={since} />
          ) : (
            <Triplets about={about} since={since} />
          )}
        </div>
      )}
    </Page>
  )
}

/** The server knows which one it is. */
const isAddress = (text: string) => !text.includes('@') && /^[\d.]+$|:/.test(text)

function ClientPanel({ address }: { readonly address: string }) {
  const path = `/greylist/clients/${segment(address)}`
  const client = useResource(path, (signal) => get<Client>(path, {}, signal))
  const change = async (verb: 'allow' | 'forget') => {
    await call('POST', `${path}:${verb}`)
    client.reload()
    toast({
      text: t(verb === 'allow' ? 'greylist.clientAllowed' : 'greylist.forgotten', {
        what: address,
      }),
    })
  }
  return (
    <Panel
      title={t('greylist.client', { client: address })}
      actions={
        may('policy.write') && (
          <>
            <Button onPress={() => change('allow')}>{t('greylist.allowClient')}</Button>
            <Button onPress={() => change('forget')}>{t('greylist.forget')}</Button>
          </>
        )
      }
    >
      <Loaded of={client} lines={1}>
        {({ passes, passesEnough }) => (
          <p>
            {passesEnough > 0 && passes >= passesEnough ? (
              <Status look="ok">{t('greylist.free')}</Status>
            ) : (
              t('greylist.passes', { passes, enough: passesEnough })
            )}
          </p>
        )}
      </Loaded>
    </Panel>
  )
}

type Asked = { readonly about: string; readonly since: string }

const noneFound = () => (
  <Empty icon="search" title={t('greylist.none')}>
    <p>{t('greylist.noneText')}</p>
  </Empty>
)

function Triplets({ about, since }: Asked) {
  const found = useResource('greylist', (signal) =>
    get<Found<PutOff>>('/greylist', { about, since }, signal),
  )
  const change = async ({ client, sender, recipient }: PutOff, verb: 'allow' | 'forget') => {
    await call('POST', `/greylist:${verb}`, { body: { client, sender, recipient } })
    found.reload()
    const what = `${sender || '<>'} → ${recipient}`
    toast({ text: t(verb === 'allow' ? 'greylist.allowed' : 'greylist.forgotten', { what }) })
  }
  return (
    <Loaded of={found} lines={6}>
      {({ data, isCut }) => (
        <>
          <Table
            label={t('greylist.putOff')}
            rows={data}
            keyOf={keyOf}
            {...(may('policy.write') && {
              actions: (row: PutOff) => [
                { label: t('greylist.allow'), act: () => change(row, 'allow') },
                { label: t('greylist.forget'), act: () => change(row, 'forget') },
              ],
            })}
            columns={[
              ...parties<PutOff>(),
              {
                key: 'state',
                title: t('queue.state'),
                width: 'minmax(0, 2fr)',
                onPhone: 'below',
                cell: ({ places }) => <State places={places} />,
              },
            ]}
            empty={noneFound()}
          />
          {isCut && <p class="hint">{t('greylist.cut')}</p>}
        </>
      )}
    </Loaded>
  )
}

function State({ places }: Pick<PutOff, 'places'>) {
  if (places.some(({ state }) => state === 'passed')) {
    return <Status look="ok">{t('greylist.passed')}</Status>
  }
  const from = places.find(({ state }) => state === 'waiting')?.from
  if (from === undefined || from === null) return <>{t('greylist.unknown')}</>
  return (
    <Status look="warn">
      {t('greylist.waiting')} <Ago at={from} />
    </Status>
  )
}

function Scores({ about, since }: Asked) {
  const found = useResource('scores', (signal) =>
    get<Found<Scored>>('/scores', { about, since }, signal),
  )
  return (
    <Loaded of={found} lines={6}>
      {({ data, isCut }) => (
        <>
          <Table
            label={t('greylist.scores')}
            rows={data}
            keyOf={keyOf}
            hrefOf={({ queueId }) => `/trace/${segment(queueId)}`}
            columns={[
              ...parties<Scored>(),
              {
                key: 'score',
                title: t('greylist.points'),
                width: '6rem',
                isNumber: true,
                onPhone: 'beside',
                cell: ({ score }) => String(Number(score.toFixed(3))),
              },
              {
                key: 'why',
                title: t('greylist.why'),
                width: 'minmax(0, 3fr)',
                onPhone: 'below',
                cell: ({ outcome, why }) => <Foreign text={[outcome, ...why].join(' · ')} />,
              },
            ]}
            empty={noneFound()}
          />
          {isCut && <p class="hint">{t('greylist.cut')}</p>}
          <p class="page-actions">
            <ButtonLink href={`/trace?what=${encodeURIComponent(about)}`}>
              {t('entry.trace')}
            </ButtonLink>
          </p>
        </>
      )}
    </Loaded>
  )
}

const keyOf = ({ queueId, at, recipient }: Recorded) => `${queueId} ${at} ${recipient}`

const parties = <Row extends Recorded>() => [
  {
    key: 'sender',
    title: t('queue.sender'),
    width: 'minmax(0, 2fr)',
    cell: ({ sender }: Row) => <Foreign text={sender === '' ? '<>' : sender} />,
  },
  {
    key: 'recipient',
    title: t('arrived.recipient'),
    width: 'minmax(0, 2fr)',
    cell: ({ recipient }: Row) => <Foreign text={recipient} />,
  },
  {
    key: 'client',
    title: t('greylist.from'),
    width: 'minmax(0, 1fr)',
    cell: ({ client }: Row) => <Foreign text={client} isMono />,
  },
  {
    key: 'at',
    title: t('greylist.at'),
    width: '8rem',
    isNumber: true,
    cell: ({ at }: Row) => <Ago at={at} />,
  },
]
