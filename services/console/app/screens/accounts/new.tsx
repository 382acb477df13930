// A new account: address and password are enough.

import { call } from '../../api/client.ts'
import type { Account, Warning } from '../../api/directory.ts'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { CheckField, TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { navigate, place } from '../../kit/location.ts'
import { randomPassword } from '../../kit/random-password.ts'
import { toast } from '../../kit/toast.tsx'
import { tellWarnings } from '../../kit/warnings.ts'
import { NewPage } from '../../parts/new-page.tsx'
import { segment } from '../../routes.ts'
import { quotaOf } from './quota-of.ts'

type Done = { readonly account: Account; readonly warnings: readonly Warning[] }

export function screen() {
  const domain = place.value.query.get('domain')
  const form = useForm({
    initial: {
      address: domain === null ? '' : `@${domain}`,
      password: '',
      quota: '',
      shared: false,
    },
    names: { quotaBytes: 'quota' },
    async send({ address, password, quota, shared }) {
      const written = address.trim()
      const { body } = await call<Done>('POST', '/accounts', {
        body: {
          address: written,
          ...(shared && password === '' ? {} : { password }),
          ...(quota.trim() !== '' && { quotaBytes: quotaOf(quota) }),
          ...(shared && { shared }),
        },
      })
      toast({ text: t('account.wasAdded', { address: written }) })
      tellWarnings(body.warnings)
      await navigate(`/accounts/${segment(body.account.address)}`)
    },
  })
  return (
    <NewPage
      title={t('account.new')}
      list={{ href: '/accounts', label: t('accounts.title') }}
      verb={t('account.add')}
      form={form}
    >
      <TextField
        form={form}
        name="address"
        label={t('address')}
        type="email"
        placeholder="ann@example.org"
        autofocus
        isMono
      />
      <TextField
        form={form}
        name="password"
        label={t('signIn.password')}
        hint={t('account.passwordHint')}
        isMono
        autocomplete="new-password"
        after={
          <>
            <Button onPress={() => form.set({ password: randomPassword() })}>
              {t('account.makePassword')}
            </Button>
            {form.values.password !== '' && <CopyButton text={form.values.password} />}
          </>
        }
      />
      <TextField
        form={form}
        name="quota"
        label={t('account.quota')}
        hint={t('account.quotaHint')}
        placeholder="2GB"
        size="short"
      />
      <CheckField
        form={form}
        name="shared"
        label={t('account.shared')}
        hint={t('account.sharedHint')}
      />
    </NewPage>
  )
}
