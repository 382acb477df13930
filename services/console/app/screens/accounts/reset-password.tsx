// Another password for somebody who calls: made here, shown once; or a link with which they set it themselves.

import { useState } from 'preact/hooks'
import { call } from '../../api/client.ts'
import type { Account } from '../../api/directory.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Dialog, show } from '../../kit/dialog.tsx'
import { FaultLine } from '../../kit/fault-line.tsx'
import { t } from '../../kit/language.ts'
import { Qr } from '../../kit/qr.tsx'
import { randomPassword } from '../../kit/random-password.ts'
import { segment } from '../../routes.ts'

export function resetPassword(account: Account): Promise<unknown> {
  return show((close) => <Reset account={account} close={close} />)
}

type Made = { readonly kind: 'password' | 'link'; readonly text: string }

function Reset({ account, close }: { readonly account: Account; readonly close: () => void }) {
  const { address } = account
  const path = `/accounts/${segment(address)}`
  const [made, setMade] = useState<Made>()
  const [failure, setFailure] = useState<unknown>()
  const trying = (act: () => Promise<Made>) => async () => {
    setFailure(undefined)
    try {
      setMade(await act())
    } catch (error) {
      setFailure(error)
    }
  }
  const password = trying(async () => {
    const text = randomPassword()
    const { etag } = await call('GET', path)
    await call('PUT', `${path}/password`, { body: { password: text }, etag })
    return { kind: 'password', text }
  })
  const link = trying(async () => {
    const { body } = await call<{ readonly url: string }>('POST', `${path}/invitation`)
    return { kind: 'link', text: body.url }
  })
  return (
    <Dialog
      title={t('password.resetTitle', { address })}
      onClose={close}
      actions={
        <Button look={made ? 'filled' : 'plain'} onPress={() => close()}>
          {made ? t('act.done') : t('act.cancel')}
        </Button>
      }
    >
      {made === undefined ? (
        <>
          <p>{t('password.resetText')}</p>
          {may('credentials.reset') && (
            <Button look="filled" onPress={password}>
              {t('password.make')}
            </Button>
          )}
          {may('credentials.invite') && <Button onPress={link}>{t('password.link')}</Button>}
        </>
      ) : (
        <>
          <p>{t(made.kind === 'password' ? 'password.once' : 'password.linkOnce')}</p>
          <p class="secret">
            <code>{made.text}</code>
            <CopyButton text={made.text} />
          </p>
          {made.kind === 'link' && <Qr text={made.text} label={t('password.link')} />}
        </>
      )}
      <FaultLine failure={failure} />
    </Dialog>
  )
}
