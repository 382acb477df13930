// Access tables: who is let in, refused or judged otherwise, by address, network or name. An entry counts at once.

import { useState } from 'preact/hooks'
import { call, get } from '../../api/client.ts'
import type { Warning } from '../../api/directory.ts'
import { ApiFailure } from '../../api/problem.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Foreign, formatCount } from '../../kit/format.tsx'
import type { Listed } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Empty, Loaded, Page, Panel, Tabs } from '../../kit/panel.tsx'
import { PlainTable, removeAsked } from '../../kit/plain-table.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { tellWarnings } from '../../kit/warnings.ts'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { PolicyTabs } from './policy-tabs.tsx'

type AccessTable = { readonly table: string; readonly entries: number }
type Entry = { readonly key: string; readonly result: string }

const entriesPath = (table: string) => `/accessTables/${encodeURIComponent(table)}/entries`

/** Asked of clients by every preset, whether anything stands in it or not. */
export const FIRST_TABLE = 'clients'

export function screen({ params }: { readonly params: ScreenParams }) {
  const tables = useResource('tables', (signal) =>
    get<{ readonly data: readonly AccessTable[] }>('/accessTables', {}, signal),
  )
  const known = tables.value?.data ?? []
  const table = params['table'] ?? known[0]?.table ?? FIRST_TABLE
  const shown = known.some((each) => each.table === table)
    ? known
    : [...known, { table, entries: 0 }]
  return (
    <Page
      title={t('entry.policy')}
      actions={<CopyAs path={entriesPath(table)} command={`postwolke access list ${table}`} />}
    >
      <PolicyTabs current="tables" />
      <Loaded of={tables}>
        {() => (
          <Tabs
            label={t('policy.tables')}
            tabs={shown.map((each) => ({
              href: `/policy/tables/${segment(each.table)}`,
              label: `${each.table} ${formatCount(each.entries)}`,
              isCurrent: each.table === table,
            }))}
          />
        )}
      </Loaded>
      <Entries key={table} table={table} changed={tables.reload} />
    </Page>
  )
}

const nothing: Listed<Entry> = { data: [] }

function Entries({ table, changed }: { readonly table: string; readonly changed: () => void }) {
  const entries = useResource(table, (signal) =>
    get<Listed<Entry>>(entriesPath(table), {}, signal).catch((failure) => {
      // A table is there once something stands in it.
      if (failure instanceof ApiFailure && failure.problem.code === 'no-such-access-table') {
        return nothing
      }
      throw failure
    }),
  )
  const [older, setOlder] = useState<Listed<Entry>>()
  const reload = () => {
    setOlder(undefined)
    entries.reload()
    changed()
  }
  const more = async (cursor: string) => {
    const page = await get<Listed<Entry>>(entriesPath(table), { cursor })
    setOlder({ ...page, data: [...(older?.data ?? []), ...page.data] })
  }
  const remove = (entry: Entry) =>
    removeAsked({
      title: t('policy.removeTitle', { key: entry.key }),
      text: t('policy.removeText', { table }),
      act: () => call('DELETE', `${entriesPath(table)}/${encodeURIComponent(entry.key)}`),
      told: t('policy.wasRemoved', { key: entry.key }),
      undo: () => put(table, entry),
      changed: reload,
    })
  return (
    <div class="stack">
      {may('policy.write') && <NewEntry table={table} added={reload} />}
      <Loaded of={entries} lines={6}>
        {({ data, next }) => {
          const all = [...data, ...(older?.data ?? [])]
          const cursor = older === undefined ? next : older.next
          if (all.length === 0) {
            return (
              <Empty
                icon="policy"
                title={t('policy.empty', { table })}
                command={`postwolke access set ${table} 192.0.2.0/24 REJECT`}
              >
                <p>{t('policy.emptyText')}</p>
              </Empty>
            )
          }
          return (
            <>
              <PlainTable
                rows={all}
                keyOf={({ key }) => key}
                columns={[
                  {
                    title: t('policy.key'),
                    cell: ({ key }) => <Foreign text={key} isMono />,
                  },
                  {
                    title: t('policy.result'),
                    cell: ({ result }) => <Foreign text={result} isMono />,
                  },
                ]}
                {...(may('policy.write') && {
                  remove: {
                    label: ({ key }: Entry) => t('policy.removeOf', { key }),
                    act: remove,
                  },
                })}
              />
              {cursor && <Button onPress={() => more(cursor)}>{t('quarantine.more')}</Button>}
            </>
          )
        }}
      </Loaded>
    </div>
  )
}

export const put = (table: string, { key, result }: Entry) =>
  call<{ readonly warnings: readonly Warning[] }>(
    'PUT',
    `${entriesPath(table)}/${encodeURIComponent(key)}`,
    { body: { result } },
  )

function NewEntry({ table, added }: { readonly table: string; readonly added: () => void }) {
  const form = useForm({
    initial: { key: '', result: 'REJECT' },
    names: { accessKey: 'key' },
    async send({ key, result }) {
      const { body } = await put(table, { key: key.trim(), result: result.trim() })
      toast({ text: t('policy.wasSet', { key: key.trim() }) })
      tellWarnings(body.warnings)
      form.reset({ key: '', result })
      added()
    },
  })
  return (
    <Panel title={t('policy.set', { table })}>
      <FormBody form={form} label={t('policy.set', { table })} verb={t('act.save')}>
        <TextField
          form={form}
          name="key"
          label={t('policy.key')}
          hint={t('policy.keyHint')}
          placeholder="192.0.2.0/24"
          isMono
        />
        <TextField
          form={form}
          name="result"
          label={t('policy.result')}
          hint={t('policy.resultHint')}
          isMono
        />
      </FormBody>
    </Panel>
  )
}
