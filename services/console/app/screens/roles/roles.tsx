// Who may administer what. A role hangs on an account; taken away, the account is a holder like any other.

import { call, get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { FormActions, FormBody, SelectField, TextField, useForm } from '../../kit/form.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
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
            <div class="scroll-x">
              <table class="wide">
                <thead>
                  <tr>
                    <th scope="col">{t('address')}</th>
                    <th scope="col">{t('role.role')}</th>
                    <th scope="col">{t('entry.domains')}</th>
                    <th scope="col">{t('audit.since')}</th>
                    <th scope="col">
                      <span class="unseen">{t('table.actions')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((holder) => (
                    <tr key={holder.address}>
                      <th scope="row">
                        <a href={`/accounts/${segment(holder.address)}`}>
                          <Foreign text={holder.address} />
                        </a>{' '}
                        {!holder.enabled && <Status look="warn">{t('account.disabled')}</Status>}
                      </th>
                      <td>{t(`role.${holder.role}`)}</td>
                      <td>
                        {holder.domains.length === 0
                          ? t('role.everywhere')
                          : holder.domains.join(', ')}
                      </td>
                      <td>
                        <Ago at={holder.since} />
                      </td>
                      <td class="number">
                        {mayWrite && (
                          <Button
                            aria-label={t('role.removeOf', { address: holder.address })}
                            onPress={() => remove(holder, holders.reload)}
                          >
                            {t('act.remove')}
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
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

async function remove({ address, role, domains }: Holder, changed: () => void): Promise<void> {
  const isDone = await confirm({
    title: t('role.removeTitle', { address }),
    text: <p>{t('role.removeText')}</p>,
    verb: t('act.remove'),
    isDangerous: true,
    act: () => put(address, { role: 'holder' }),
  })
  if (!isDone) return
  toast({
    text: t('role.wasRemoved', { address }),
    undo: async () => {
      await put(address, { role, ...(domains.length > 0 && { domains }) })
      changed()
    },
  })
  changed()
}

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
      <FormBody form={form} label={t('role.give')}>
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
        <FormActions form={form} verb={t('role.giveVerb')} />
      </FormBody>
    </Panel>
  )
}
