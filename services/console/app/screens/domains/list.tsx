// Domains that mail is received for.

import type { Domain } from '../../api/directory.ts'
import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { Ago, Foreign, formatCount } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { Empty, Page } from '../../kit/panel.tsx'
import { Table } from '../../kit/table.tsx'
import { asked, QueryChoice } from '../../parts/query-fields.tsx'
import { segment } from '../../routes.ts'

export function screen() {
  const sort = asked('sort')
  const list = useKeyset<Domain>('/domains', { sort })
  return (
    <Page
      title={t('entry.domains')}
      actions={
        <>
          <CopyAs path="/domains" command="postwolke domain list" />
          {may('domains.write') && (
            <ButtonLink href="/domains/new" look="filled" icon="plus">
              {t('domain.new')}
            </ButtonLink>
          )}
        </>
      }
    >
      <QueryChoice
        name="sort"
        label={t('table.sort')}
        otherwise=""
        options={[
          { value: '', label: t('domain') },
          { value: 'accounts', label: t('accounts.title') },
        ]}
      />
      <Table
        label={t('entry.domains')}
        rows={list.rows}
        list={list}
        keyOf={({ domain }) => domain}
        hrefOf={({ domain }) => `/domains/${segment(domain)}`}
        actions={({ domain }) => [
          { label: t('domain.dns'), act: () => navigate(`/domains/${segment(domain)}/dns`) },
          {
            label: t('accounts.title'),
            act: () => navigate(`/accounts?domain=${encodeURIComponent(domain)}`),
          },
        ]}
        columns={[
          {
            key: 'domain',
            title: t('domain'),
            width: 'minmax(0, 3fr)',
            cell: ({ domain }) => <Foreign text={domain} />,
          },
          {
            key: 'accounts',
            title: t('accounts.title'),
            width: '8rem',
            isNumber: true,
            onPhone: 'beside',
            cell: ({ accounts }) => formatCount(accounts),
          },
          {
            key: 'aliases',
            title: t('aliases.title'),
            width: '8rem',
            isNumber: true,
            cell: ({ aliases }) => formatCount(aliases),
          },
          {
            key: 'created',
            title: t('created'),
            width: '9.5rem',
            isNumber: true,
            onPhone: 'below',
            cell: ({ createdAt }) => <Ago at={createdAt} />,
          },
        ]}
        empty={
          <Empty
            icon="domains"
            title={t('domains.empty')}
            command="postwolke domain add example.org"
          >
            <p>{t('domains.emptyText')}</p>
          </Empty>
        }
      />
    </Page>
  )
}
