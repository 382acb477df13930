// Who may administer what. A role hangs on an account; taken away, the account is a holder like any other.

import { call, get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { CopyAs } from '../../kit/copy.tsx'
import { FormBody, SelectField, TextField, useForm } from '../../kit/form.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { PlainTable, removeAsked } from '../../kit/plain-table.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { ServiceTabs } from '../../parts/service-tabs.tsx'
import { segment } from '../../routes.ts'

const given = ['owner', 'domain-admin', 'auditor', 'help-desk'] as const

type Holder = {
  readonly address: string
  readonly role: (typeof given)[number]
  readonly domains: readonly string[]
  readonly since: string
  readonly enabled: boolean
}

export function screen() {
  const holders = useResource('roles', (signal) =>
    get<{ readonly data: readonly Holder[] }>('/roles', {}, signal),
  )
  const mayWrite = may('roles.write')
  return (
    <Page title={t('service.roles')} actions={<CopyAs path="/roles" />}>
      <ServiceTabs current="roles" />
      <div class="stack">
        {mayWrite && <Give changed={holders.reload} />}
        <Loaded of={holders} lines={6}>
          {({ data }) => (
            <PlainTable
              isWide
              rows={data}
              keyOf={({ address }) => address}
              columns={[
                {
                  title: t('address'),
                  cell: ({ address, enabled }) => (
                    <>
                      <a href={`/accounts/${segment(address)}`}>
                        <Foreign text={address} />
                      </a>{' '}
                      {!enabled && <Status look="warn">{t('account.disabled')}</Status>}
                    </>
                  ),
                },
                { title: t('role.role'), cell: ({ role }) => t(`role.${role}`) },
                {
                  title: t('entry.domains'),
                  cell: ({ domains }) =>
                    domains.length === 0 ? t('role.everywhere') : domains.join(', '),
                },
                { title: t('audit.since'), cell: ({ since }) => <Ago at={since} /> },
              ]}
              {...(mayWrite && {
                remove: {
                  label: ({ address }: Holder) => t('role.removeOf', { address }),
                  act: (holder: Holder) => remove(holder, holders.reload),
                },
              })}
            />
          )}
        </Loaded>
      </div>
    </Page>
  )
}

const put = (
  address: string,
  body: { readonly role: string; readonly domains?: readonly string[] },
) => call('PUT', `/accounts/${segment(address)}/role`, { body })

const remove = ({ address, role, domains }: Holder, changed: () => void) =>
  removeAsked({
    title: t('role.removeTitle', { address }),
    text: t('role.removeText'),
    act: () => put(address, { role: 'holder' }),
    told: t('role.wasRemoved', { address }),
    undo: () => put(address, { role, ...(domains.length > 0 && { domains }) }),
    changed,
  })

function Give({ changed }: { readonly changed: () => void }) {
  const form = useForm({
    initial: { address: '', role: 'domain-admin', domains: '' },
    async send({ address, role, domains }) {
      const named = domains.split(/[\s,]+/).filter((each) => each !== '')
      const to = address.trim()
      await put(to, { role, ...(named.length > 0 && { domains: named }) })
      toast({ text: t('role.wasGiven', { address: to }) })
      form.reset({ address: '', role, domains: '' })
      changed()
    },
  })
  const isBound = form.values.role === 'domain-admin' || form.values.role === 'help-desk'
  return (
    <Panel title={t('role.give')}>
      <FormBody form={form} label={t('role.give')} verb={t('role.giveVerb')}>
        <div class="fields">
          <TextField form={form} name="address" label={t('address')} type="email" isMono />
          <SelectField
            form={form}
            name="role"
            label={t('role.role')}
            options={given.map((value) => ({ value, label: t(`role.${value}`) }))}
          />
          {isBound && (
            <TextField
              form={form}
              name="domains"
              label={t('entry.domains')}
              hint={t('role.domainsHint')}
              isMono
            />
          )}
        </div>
      </FormBody>
    </Panel>
  )
}
