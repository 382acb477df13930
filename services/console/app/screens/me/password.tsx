// One's own password.

import { call } from '../../api/client.ts'
import { ApiFailure, localProblem } from '../../api/problem.ts'
import { current } from '../../api/session.ts'
import { FormBody, PasswordField, UnseenUsername, useForm } from '../../kit/form.tsx'
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
      <FormBody form={form} label={t('password.change')} verb={t('password.change')} needsChange>
        <UnseenUsername address={current()?.account.address ?? ''} />
        <PasswordField form={form} name="password" label={t('password.new')} isNew />
        <PasswordField
          form={form}
          name="again"
          label={t('password.again')}
          isNew
          {...(form.values.again !== '' &&
            form.values.again !== form.values.password && { hint: t('password.differs') })}
        />
      </FormBody>
    </Panel>
  )
}
