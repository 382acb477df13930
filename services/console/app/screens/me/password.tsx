// One's own password.

import { call } from '../../api/client.ts'
import { ApiFailure, localProblem } from '../../api/problem.ts'
import { current } from '../../api/session.ts'
import { FormActions, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { t } from '../../kit/language.ts'
import { Panel } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'

export function ChangePassword({ path }: { readonly path: string }) {
  const form = useForm({
    initial: { password: '', again: '' },
    async send({ password, again }) {
      if (password !== again) throw new ApiFailure(localProblem('/again', t('password.differs')))
      const { etag } = await call('GET', path)
      await call('PUT', `${path}/password`, { body: { password }, etag })
      form.reset({ password: '', again: '' })
      toast({ text: t('password.changed') })
    },
  })
  return (
    <Panel title={t('password.change')}>
      <p class="hint">{t('password.changeText')}</p>
      <FormBody form={form} label={t('password.change')}>
        <input
          type="text"
          class="unseen"
          autocomplete="username"
          aria-hidden="true"
          tabIndex={-1}
          value={current()?.account.address ?? ''}
          readOnly
        />
        <TextField
          form={form}
          name="password"
          label={t('password.new')}
          type="password"
          autocomplete="new-password"
        />
        <TextField
          form={form}
          name="again"
          label={t('password.again')}
          type="password"
          autocomplete="new-password"
          {...(form.values.again !== '' &&
            form.values.again !== form.values.password && { hint: t('password.differs') })}
        />
        <FormActions form={form} verb={t('password.change')} needsChange />
      </FormBody>
    </Panel>
  )
}
