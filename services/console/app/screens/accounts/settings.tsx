// What may be changed of an account.

import type { Account } from '../../api/directory.ts'
import { CheckField, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { Panel } from '../../kit/panel.tsx'
import { quotaText } from '../../kit/quota.ts'
import { toast } from '../../kit/toast.tsx'
import type { useVersioned } from '../../kit/versioned.tsx'

import { quotaOf } from './quota-of.ts'

type Patch = ReturnType<typeof useVersioned>['patch']

export function AccountSettings({
  account,
  patch,
}: {
  readonly account: Account
  readonly patch: Patch
}) {
  const initial = {
    enabled: account.enabled,
    shared: account.shared,
    quota: quotaText(account.hasDefaultQuota ? null : account.quotaBytes),
    forward: account.forward?.to.join(', ') ?? '',
    keep: account.forward?.keep ?? true,
  }
  const form = useForm({
    initial,
    names: { quotaBytes: 'quota', to: 'forward' },
    async send({ enabled, shared, quota, forward, keep }) {
      const to = forward.split(/[\s,]+/).filter((each) => each !== '')
      const changes = {
        ...(enabled !== initial.enabled && { enabled }),
        ...(shared !== initial.shared && { shared }),
        ...(quota.trim() !== initial.quota && { quotaBytes: quotaOf(quota || 'default') }),
        ...((forward !== initial.forward || (to.length > 0 && keep !== initial.keep)) && {
          forward: to.length === 0 ? null : { to, keep },
        }),
      }
      const saved = await patch(changes, {
        enabled: t('account.enabled'),
        shared: t('account.shared'),
        quotaBytes: t('account.quota'),
        forward: t('account.forward'),
      })
      if (saved === 'saved') toast({ text: t('saved') })
    },
  })
  return (
    <Panel title={t('account.tab.settings')}>
      <FormBody form={form} label={t('account.tab.settings')} verb={t('act.save')} needsChange>
        <CheckField
          form={form}
          name="enabled"
          label={t('account.enabled')}
          hint={t('account.enabledHint')}
        />
        <CheckField
          form={form}
          name="shared"
          label={t('account.shared')}
          hint={t('account.sharedHint')}
        />
        <TextField
          form={form}
          name="quota"
          label={t('account.quota')}
          hint={t('account.quotaHint')}
          size="short"
        />
        <TextField
          form={form}
          name="forward"
          label={t('account.forward')}
          hint={t('account.forwardHint')}
          isMono
        />
        <CheckField form={form} name="keep" label={t('account.keep')} />
      </FormBody>
    </Panel>
  )
}
