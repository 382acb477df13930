// Where a link for a new password is sent, should one's own be forgotten.

import { call, get } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { FormActions, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Foreign, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'

type Recovery = {
  readonly recoveryAddress: string | null
  readonly waitsUntil: string | null
}

export function RecoveryAddress({ path }: { readonly path: string }) {
  const own = `${path}/recovery`
  const recovery = useResource(own, (signal) => get<Recovery>(own, {}, signal))
  const form = useForm({
    initial: { recoveryAddress: '' },
    async send({ recoveryAddress }) {
      await call('PUT', own, { body: { recoveryAddress: recoveryAddress.trim() } })
      form.reset({ recoveryAddress: '' })
      recovery.reload()
      toast({ text: t('recovery.asked', { address: recoveryAddress.trim() }) })
    },
  })
  const remove = async () => {
    await call('DELETE', own)
    recovery.reload()
    toast({ text: t('recovery.removed') })
  }
  return (
    <Panel title={t('recovery.title')}>
      <p class="hint">{t('recovery.text')}</p>
      <Loaded of={recovery}>
        {({ recoveryAddress, waitsUntil }) => (
          <>
            {recoveryAddress !== null && (
              <p>
                <Foreign text={recoveryAddress} isMono />{' '}
                <Button onPress={remove}>{t('act.remove')}</Button>
              </p>
            )}
            {waitsUntil !== null && (
              <p class="hint">
                {t('recovery.waits')} <Time at={waitsUntil} />
              </p>
            )}
          </>
        )}
      </Loaded>
      <FormBody form={form} label={t('recovery.title')}>
        <TextField
          form={form}
          name="recoveryAddress"
          label={t('recovery.address')}
          type="email"
          autocomplete="email"
        />
        <FormActions form={form} verb={t('recovery.verb')} needsChange />
      </FormBody>
    </Panel>
  )
}
