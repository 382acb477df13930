// All accounts that one may see.

import { get } from '../../api/client.ts'
import type { Account, Domain } from '../../api/directory.ts'
import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FilterChoice, Filters, FilterText } from '../../kit/filters.tsx'
import { Ago, Foreign, formatBytes, formatCount } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { place, setQuery } from '../../kit/location.ts'
import { Empty, Meter, Page } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { Table } from '../../kit/table.tsx'
import { segment } from '../../routes.ts'
import { AccountStatus, acts } from './acts.tsx'
import { AddressTabs } from './address-tabs.tsx'
import { contain } from './contain.tsx'

const states = ['enabled', 'disabled', 'frozen'] as const
const sorts = ['usage', 'lastLogin'] as const

export function screen() {
  const { query } = place.value
  const domain = query.get('domain') ?? ''
  const q = query.get('q') ?? ''
  const state = query.get('state') ?? ''
  // What is looked for begins where it is found.
  const from = q === '' ? (query.get('from') ?? '') : ''
  const sort = query.get('sort') ?? ''
  const list = useKeyset<Account>('/accounts', { domain, q, state, from, sort })
  const domains = useResource('domains', (signal) =>
    get<{ readonly data: readonly Domain[] }>('/domains', { limit: 100 }, signal),
  )
  const isFiltered = domain !== '' || q !== '' || state !== '' || from !== ''
  const known = domains.value?.data ?? []
  const counted = known.filter((each) => domain === '' || each.domain === domain)
  const total =
    q !== '' || state !== '' || from !== '' || domains.value === undefined || known.length >= 100
      ? undefined
      : counted.reduce((sum, each) => sum + each.accounts, 0)
  return (
    <Page
      title={t('accounts.title')}
      {...(total !== undefined && { subtitle: t('accounts.count', { count: total }) })}
      actions={
        <>
          <CopyAs path="/accounts" query={Object.fromEntries(query)} command={command(domain)} />
          {may('directory.write') && (
            <>
              <ButtonLink href="/accounts/import">{t('import.verb')}</ButtonLink>
              <ButtonLink href="/accounts/new" look="filled" icon="plus">
                {t('account.new')}
              </ButtonLink>
            </>
          )}
        </>
      }
    >
      <AddressTabs current="accounts" />
      <Filters>
        <FilterText name="q" label={t('accounts.q')} placeholder={t('accounts.qHint')} isWide />
        {q === '' && (
          <FilterText
            name="from"
            label={t('accounts.from')}
            placeholder={t(domain === '' ? 'accounts.fromDomain' : 'accounts.fromLetter')}
          />
        )}
        <FilterChoice
          name="domain"
          label={t('domain')}
          options={[
            { value: '', label: t('filter.any') },
            ...known.map((each) => ({ value: each.domain, label: each.domain })),
          ]}
        />
        <FilterChoice
          name="state"
          label={t('account.state')}
          options={[
            { value: '', label: t('filter.any') },
            ...states.map((each) => ({ value: each, label: t(`account.${each}`) })),
          ]}
        />
        <FilterChoice
          name="sort"
          label={t('table.sort')}
          options={[
            { value: '', label: t('address') },
            ...sorts.map((each) => ({ value: each, label: t(`accounts.sort.${each}`) })),
          ]}
        />
      </Filters>
      <Table
        label={t('accounts.title')}
        rows={list.rows}
        list={list}
        {...(total !== undefined && { total })}
        keyOf={({ address }) => address}
        hrefOf={({ address }) => `/accounts/${segment(address)}`}
        {...(may('directory.write') && {
          actions: (account: Account) => [
            ...acts(account, list.reload),
            ...(may('accounts.contain')
              ? [
                  {
                    label: t('contain.verb'),
                    isDangerous: true,
                    act: () => contain(account, list.reload),
                  },
                ]
              : []),
          ],
        })}
        columns={[
          {
            key: 'address',
            title: t('address'),
            width: 'minmax(0, 3fr)',
            cell: ({ address }) => <Foreign text={address} />,
          },
          {
            key: 'state',
            title: t('account.state'),
            width: '9rem',
            onPhone: 'beside',
            cell: (account) => <AccountStatus account={account} />,
          },
          {
            key: 'used',
            title: t('account.used'),
            width: '9rem',
            isNumber: true,
            onPhone: 'below',
            cell: ({ usedBytes, quotaBytes }) => (
              <span>
                {formatBytes(usedBytes)}
                {quotaBytes > 0 ? ` / ${formatBytes(quotaBytes)}` : ''}
              </span>
            ),
          },
          {
            key: 'share',
            title: t('account.share'),
            width: '5rem',
            cell: ({ usedBytes, quotaBytes }) =>
              quotaBytes > 0 ? (
                <Meter value={usedBytes} of={quotaBytes} label={t('account.share')} />
              ) : (
                ''
              ),
          },
          {
            key: 'messages',
            title: t('account.messages'),
            width: '6rem',
            isNumber: true,
            cell: ({ messages }) => formatCount(messages),
          },
          {
            key: 'created',
            title: t('created'),
            width: '9.5rem',
            isNumber: true,
            cell: ({ createdAt }) => <Ago at={createdAt} />,
          },
          ...(sort === 'lastLogin' ? [lastLogin] : []),
        ]}
        empty={
          isFiltered ? (
            <Empty icon="search" title={t('table.noHits')}>
              <button
                type="button"
                class="button"
                onClick={() =>
                  setQuery({ q: undefined, domain: undefined, state: undefined, from: undefined })
                }
              >
                {t('act.clearFilter')}
              </button>
            </Empty>
          ) : (
            <Empty
              icon="accounts"
              title={t('accounts.empty')}
              command="postwolke account add ann@example.org"
            >
              <p>{t('accounts.emptyText')}</p>
            </Empty>
          )
        }
      />
    </Page>
  )
}

const command = (domain: string) =>
  domain === '' ? 'postwolke account list' : `postwolke account list ${domain}`

/** Known where the list is sorted by it. */
const lastLogin = {
  key: 'lastLogin',
  title: t('account.lastLogin'),
  width: '9.5rem',
  isNumber: true,
  cell: ({ lastLoginAt }: Account) => (lastLoginAt == null ? '–' : <Ago at={lastLoginAt} />),
}
