// Asked before what is dangerous, where the last proof is older than five minutes: a factor, or the password of whoever has none.

import { current } from '../api/session.ts'
import { askStepUp, begin, stepUp, stepUpMethods } from '../api/sign-in.ts'
import { FormBody, PasswordField, UnseenUsername, useForm } from '../kit/form.tsx'
import { t } from '../kit/language.ts'
import { Loaded } from '../kit/panel.tsx'
import { useResource } from '../kit/resource.ts'
import { Factor } from './sign-in.tsx'

export function StepUp({
  onDone,
  leave,
}: {
  readonly onDone: () => void
  readonly leave: () => void
}) {
  const asked = useResource('step-up', stepUpMethods)
  const prove = async (proof: Parameters<typeof stepUp>[0]) => {
    begin(await stepUp(proof))
    onDone()
  }
  return (
    <>
      <p class="hint">{t('stepUp.why')}</p>
      <Loaded of={asked}>
        {(methods) => {
          const factors = methods.filter((each) => each !== 'password')
          return factors.length === 0 ? (
            <Password prove={(password) => prove({ method: 'password', password })} />
          ) : (
            <Factor
              methods={factors}
              verb={t('stepUp.verb')}
              question={askStepUp}
              answer={(method, answer) => prove({ method, answer })}
              back={leave}
            />
          )
        }}
      </Loaded>
    </>
  )
}

function Password({ prove }: { readonly prove: (password: string) => Promise<void> }) {
  const form = useForm({
    initial: { password: '' },
    isFleeting: true,
    send: ({ password }) => prove(password),
  })
  return (
    <FormBody form={form} label={t('stepUp.title')} verb={t('stepUp.verb')}>
      <UnseenUsername address={current()?.account.address ?? ''} />
      <PasswordField form={form} name="password" label={t('signIn.password')} autofocus />
    </FormBody>
  )
}
