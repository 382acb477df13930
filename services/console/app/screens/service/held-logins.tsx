// Logins that wait because too many failed, and another try for them.

import { call } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { CopyAs } from '../../kit/copy.tsx'
import { Filters, FilterText } from '../../kit/filters.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Empty, Page } from '../../kit/panel.tsx'
import { Table } from '../../kit/table.tsx'
import { toast } from '../../kit/toast.tsx'
import { askedOf } from '../../parts/query-fields.tsx'
import { ServiceTabs } from '../../parts/service-tabs.tsx'
import { segment } from '../../routes.ts'

export type HeldLogin = {
  readonly account: string | null
  readonly network: string | null
  readonly failures: number
  readonly limit: number
  readonly until: string
}

export function screen() {
  const filter = askedOf(['account', 'client'])
  const list = useKeyset<HeldLogin>('/held-logins', filter)
  const release = async ({ account, network }: HeldLogin) => {
    // Strangers guess at names that are nobody's, too: whoever sees all of them names them.
    if (account !== null && !may('service.act')) {
      await call('POST', `/accounts/${segment(account)}/logins:release`)
    } else {
      const body = account === null ? { client: network } : { account }
      await call('POST', '/held-logins:release', { body })
    }
    list.reload()
    toast({ text: t('held.released', { who: account ?? network ?? '' }) })
  }
  const who = filter.account ?? filter.client ?? ''
  return (
    <Page
      title={t('held.title')}
      actions={
        <CopyAs
          path="/held-logins"
          query={filter}
          command={`postwolke held-login list ${who}`.trim()}
        />
      }
    >
      <ServiceTabs current="held-logins" />
      <Filters>
        <FilterText name="account" label={t('held.account')} placeholder="ann@example.org" isWide />
        <FilterText name="client" label={t('policy.client')} placeholder="198.51.100.7" />
      </Filters>
      <Table
        label={t('held.title')}
        rows={list.rows}
        list={list}
        keyOf={({ account, network }) => `${account} ${network}`}
        {...(may('logins.release') && {
          actions: (row: HeldLogin) => [{ label: t('held.release'), act: () => release(row) }],
        })}
        columns={[
          {
            key: 'account',
            title: t('held.account'),
            width: 'minmax(0, 2fr)',
            cell: ({ account }) =>
              account === null ? t('held.anyAccount') : <Foreign text={account} />,
          },
          {
            key: 'network',
            title: t('held.network'),
            width: 'minmax(0, 2fr)',
            onPhone: 'below',
            cell: ({ network }) =>
              network === null ? t('held.anyNetwork') : <Foreign text={network} isMono />,
          },
          {
            key: 'failures',
            title: t('held.failures'),
            width: '8rem',
            isNumber: true,
            cell: ({ failures, limit }) => t('held.ofAllowed', { failures, limit }),
          },
          {
            key: 'until',
            title: t('held.until'),
            width: '8rem',
            isNumber: true,
            onPhone: 'beside',
            cell: ({ until }) => <Ago at={until} />,
          },
        ]}
        empty={
          <Empty icon="check" title={t('held.empty')} command="postwolke held-login list">
            <p>{t('held.emptyText')}</p>
          </Empty>
        }
      />
    </Page>
  )
}
