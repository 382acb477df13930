// Where a one-time link leads: its secret is behind the #, which no server and no log sees.

import { useState } from 'preact/hooks'
import {
  begin,
  confirmRecovery,
  isRecoveryLink,
  type Link,
  lookAtLink,
  lookAtRecovery,
  type RecoveryLink,
  useLink,
} from '../api/sign-in.ts'
import { Button, ButtonLink } from '../kit/button.tsx'
import { FormBody, PasswordField, TextField, useForm } from '../kit/form.tsx'
import { Icon } from '../kit/icon.tsx'
import { t } from '../kit/language.ts'
import { navigate, place } from '../kit/location.ts'
import { Loaded } from '../kit/panel.tsx'
import { useResource } from '../kit/resource.ts'

export function screen() {
  const token = place.value.hash.slice(1)
  return (
    <main class="way-in">
      <div class="brand large">
        <Icon name="mail" />
        <span>Postwolke</span>
      </div>
      <h1>{t('welcome.title')}</h1>
      {token === '' ? (
        <p>{t('welcome.noLink')}</p>
      ) : isRecoveryLink(token) ? (
        <UseForRecovery token={token} />
      ) : (
        <Use token={token} />
      )}
    </main>
  )
}

function Use({ token }: { readonly token: string }) {
  const link = useResource(token, () => lookAtLink(token))
  return <Loaded of={link}>{(found) => <SetPassword token={token} link={found} />}</Loaded>
}

function UseForRecovery({ token }: { readonly token: string }) {
  const link = useResource(token, () => lookAtRecovery(token))
  return <Loaded of={link}>{(found) => <ConfirmRecovery token={token} link={found} />}</Loaded>
}

function ConfirmRecovery({ token, link }: { readonly token: string; readonly link: RecoveryLink }) {
  const [isDone, setDone] = useState(false)
  const { address, recoveryAddress } = link
  const confirm = async () => {
    await confirmRecovery(token)
    setDone(true)
    history.replaceState(history.state, '', '/link')
  }
  if (isDone) return <p class="notice ok">{t('recovery.confirmed', { address })}</p>
  return (
    <>
      <p>{t('recovery.confirmText', { address, recoveryAddress })}</p>
      <div>
        <Button look="filled" onPress={confirm}>
          {t('recovery.confirm')}
        </Button>
      </div>
    </>
  )
}

function SetPassword({ token, link }: { readonly token: string; readonly link: Link }) {
  const [done, setDone] = useState<'set' | 'owner'>()
  const isOwner = link.kind === 'owner' || link.kind === 'first-owner'
  const form = useForm({
    initial: { address: link.address ?? '', password: '' },
    isFleeting: true,
    async send({ address, password }) {
      const used = await useLink({
        secret: token,
        password,
        ...(link.address === null && { address: address.trim() }),
      })
      // It is used up.
      history.replaceState(history.state, '', '/link')
      if (used.state !== 'signed-in') return setDone('set')
      begin(used)
      if (isOwner) return setDone('owner')
      await navigate('/', { replace: true })
    },
  })
  if (done === 'owner') return <OfferFactor />
  if (done === 'set') {
    return (
      <>
        <p class="notice ok">{t('welcome.done')}</p>
        <div>
          <ButtonLink look="filled" href="/">
            {t('act.signIn')}
          </ButtonLink>
        </div>
      </>
    )
  }
  return (
    <>
      <p>{isOwner ? t('welcome.owner') : t('welcome.password', { address: link.address ?? '' })}</p>
      <FormBody form={form} label={t('welcome.title')} verb={t('act.continue')}>
        {link.address === null && (
          <TextField
            form={form}
            name="address"
            label={t('signIn.address')}
            type="email"
            hint={t('welcome.addressHint')}
            autocomplete="username"
            autofocus
          />
        )}
        <PasswordField form={form} name="password" label={t('password.new')} isNew />
      </FormBody>
    </>
  )
}

/** Who may do everything to everybody's mail is asked for it at once. */
function OfferFactor() {
  return (
    <>
      <p class="notice ok" role="status">
        {t('welcome.isOwner')}
      </p>
      <p>{t('welcome.factor')}</p>
      <div class="form-actions">
        <ButtonLink look="filled" icon="key" href="/me/security">
          {t('welcome.setUpFactor')}
        </ButtonLink>
        <ButtonLink look="quiet" href="/">
          {t('welcome.later')}
        </ButtonLink>
      </div>
    </>
  )
}
