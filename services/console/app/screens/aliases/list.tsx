// Aliases: addresses whose mail goes elsewhere; a group is one with several targets.

import { call, get } from '../../api/client.ts'
import type { Alias, Domain } from '../../api/directory.ts'
import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FilterChoice, Filters } from '../../kit/filters.tsx'
import { Foreign } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { place, setQuery } from '../../kit/location.ts'
import { Empty, Page } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { Table } from '../../kit/table.tsx'
import { toast } from '../../kit/toast.tsx'
import { segment } from '../../routes.ts'
import { AddressTabs } from '../accounts/address-tabs.tsx'

export function screen() {
  const { query } = place.value
  const domain = query.get('domain') ?? ''
  const list = useKeyset<Alias>('/aliases', { domain: domain || undefined })
  const domains = useResource('domains', (signal) =>
    get<{ readonly data: readonly Domain[] }>('/domains', { limit: 100 }, signal),
  )
  return (
    <Page
      title={t('aliases.title')}
      actions={
        <>
          <CopyAs
            path="/aliases"
            query={Object.fromEntries(query)}
            command={`postwolke alias list ${domain}`.trim()}
          />
          {may('directory.write') && (
            <ButtonLink href="/aliases/new" look="filled" icon="plus">
              {t('alias.new')}
            </ButtonLink>
          )}
        </>
      }
    >
      <AddressTabs current="aliases" />
      <Filters>
        <FilterChoice
          name="domain"
          label={t('domain')}
          options={[
            { value: '', label: t('filter.any') },
            ...(domains.value?.data ?? []).map((each) => ({
              value: each.domain,
              label: each.domain,
            })),
          ]}
        />
      </Filters>
      <Table
        label={t('aliases.title')}
        rows={list.rows}
        list={list}
        keyOf={({ alias }) => alias}
        hrefOf={({ alias }) => `/aliases/${segment(alias)}`}
        {...(may('directory.write') && {
          actions: (alias: Alias) => [
            {
              label: t('act.delete'),
              isDangerous: true,
              act: async () => {
                await removeAlias(alias, list.reload)
                list.reload()
              },
            },
          ],
        })}
        columns={[
          {
            key: 'alias',
            title: t('alias'),
            width: 'minmax(0, 2fr)',
            cell: ({ alias }) => <Foreign text={alias} />,
          },
          {
            key: 'targets',
            title: t('alias.targets'),
            width: 'minmax(0, 3fr)',
            onPhone: 'below',
            cell: ({ targets }) => <Foreign text={targets.join(', ')} />,
          },
          {
            key: 'count',
            title: t('alias.count'),
            width: '5rem',
            isNumber: true,
            cell: ({ targets }) => targets.length,
          },
        ]}
        empty={
          domain !== '' ? (
            <Empty icon="search" title={t('table.noHits')}>
              <button type="button" class="button" onClick={() => setQuery({ domain: undefined })}>
                {t('act.clearFilter')}
              </button>
            </Empty>
          ) : (
            <Empty
              icon="accounts"
              title={t('aliases.empty')}
              command="postwolke alias add info@example.org ann@example.org"
            >
              <p>{t('aliases.emptyText')}</p>
            </Empty>
          )
        }
      />
    </Page>
  )
}

/** It can be undone: what it led to is known. */
export async function removeAlias({ alias, targets }: Alias, changed: () => void): Promise<void> {
  const path = `/aliases/${segment(alias)}`
  const { etag } = await call('GET', path)
  await call('DELETE', path, { etag })
  toast({
    text: t('alias.wasDeleted', { alias }),
    undo: async () => {
      await call('POST', '/aliases', { body: { alias, targets } })
      changed()
    },
  })
}
