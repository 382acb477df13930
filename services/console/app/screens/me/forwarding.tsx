// Where one's own mail is sent on to.

import type { Account } from '../../api/directory.ts'
import { CheckField, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { toast } from '../../kit/toast.tsx'
import type { useVersioned } from '../../kit/versioned.tsx'

export function Forwarding({
  account,
  patch,
}: {
  readonly account: Account
  readonly patch: ReturnType<typeof useVersioned>['patch']
}) {
  const form = useForm({
    initial: {
      forward: account.forward?.to.join(', ') ?? '',
      keep: account.forward?.keep ?? true,
    },
    names: { to: 'forward' },
    async send({ forward, keep }) {
      const to = forward.split(/[\s,]+/).filter((each) => each !== '')
      const saved = await patch(
        { forward: to.length === 0 ? null : { to, keep } },
        { forward: t('account.forward') },
        { method: 'PUT', below: '/forward' },
      )
      if (saved === 'saved') toast({ text: t('saved') })
    },
  })
  return (
    <FormBody form={form} label={t('account.forward')} verb={t('act.save')} needsChange>
      <TextField
        form={form}
        name="forward"
        label={t('me.forwardTo')}
        hint={t('account.forwardHint')}
        isMono
      />
      <CheckField form={form} name="keep" label={t('account.keep')} />
    </FormBody>
  )
}
