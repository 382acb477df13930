// An account that sends spam: its sending ends, its logins end, its mail in the queue is held, in one act. What it changed of its forwards
// lately is listed, for that is how a thief keeps a door open.

import { call } from '../../api/client.ts'
import type { Account, Forward } from '../../api/directory.ts'
import { Button } from '../../kit/button.tsx'
import { confirm, Dialog, show } from '../../kit/dialog.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { toast } from '../../kit/toast.tsx'
import { segment } from '../../routes.ts'

type Contained = {
  readonly held: number
  readonly sessions: number
  readonly appPasswords: number
  readonly tokens: number
  readonly passwordBarred: boolean
  readonly passkeys: number
  readonly identities: number
  readonly recoveryAddress: string | null
  readonly forward: Forward | null
  readonly forwardsLately: readonly {
    readonly at: string
    readonly by: string
    readonly from: readonly string[] | null
    readonly to: readonly string[] | null
  }[]
}

export async function contain({ address }: Pick<Account, 'address'>, changed: () => void) {
  const path = `/accounts/${segment(address)}`
  let done: Contained | undefined
  let barPassword = false
  await confirm({
    title: t('contain.title', { address }),
    text: (
      <>
        <p>{t('contain.text')}</p>
        <ul>
          <li>{t('contain.sending')}</li>
          <li>{t('contain.logins')}</li>
          <li>{t('contain.passwords')}</li>
          <li>{t('contain.queue')}</li>
          <li>{t('contain.ways')}</li>
        </ul>
        <label class="check">
          <input
            type="checkbox"
            onChange={({ currentTarget }) => {
              barPassword = currentTarget.checked
            }}
          />
          <span>{t('contain.barPassword')}</span>
        </label>
        <p class="hint">{t('contain.undo')}</p>
      </>
    ),
    verb: t('contain.verb'),
    isDangerous: true,
    act: async () => {
      const body = { reason: t('contain.reason'), barPassword }
      done = (await call<Contained>('POST', `${path}:contain`, { body })).body
    },
  })
  if (done === undefined) return
  changed()
  const facts = done
  const undo = await show<true>((close) => <Result address={address} done={facts} close={close} />)
  if (undo === true) await giveBack(address, changed)
}

export async function release({ address }: Pick<Account, 'address'>, changed: () => void) {
  await confirm({
    title: t('contain.releaseTitle', { address }),
    text: <p>{t('contain.releaseText')}</p>,
    verb: t('contain.release'),
    act: () => giveBack(address, changed),
  })
}

async function giveBack(address: string, changed: () => void): Promise<void> {
  const { body } = await call<{
    readonly staysFrozen: boolean
    readonly staysRevoked: readonly string[]
  }>('POST', `/accounts/${segment(address)}:release`)
  changed()
  toast({ text: t(body.staysFrozen ? 'contain.staysFrozen' : 'contain.wasReleased', { address }) })
  if (body.staysRevoked.includes('password')) toast({ text: t('contain.staysBarred', { address }) })
}

function Result({
  address,
  done,
  close,
}: {
  readonly address: string
  readonly done: Contained
  readonly close: (undo?: true) => void
}) {
  const { held, sessions, appPasswords, tokens, forward, forwardsLately } = done
  const { passwordBarred, passkeys, identities, recoveryAddress } = done
  return (
    <Dialog
      title={t('contain.done', { address })}
      onClose={() => close()}
      actions={
        <>
          <Button onPress={() => close(true)}>{t('act.undo')}</Button>
          <Button look="filled" autofocus onPress={() => close()}>
            {t('act.done')}
          </Button>
        </>
      }
    >
      <div class="prose">
        <ul>
          <li>{t('contain.held', { count: held })}</li>
          <li>{t('contain.ended', { sessions, appPasswords, tokens })}</li>
          {passkeys + identities > 0 && <li>{t('contain.closed', { passkeys, identities })}</li>}
          {recoveryAddress !== null && (
            <li>
              {t('contain.recovery')} <Foreign text={recoveryAddress} isMono />
            </li>
          )}
          {passwordBarred && <li>{t('contain.barred')}</li>}
        </ul>
      </div>
      {!passwordBarred && <p class="notice warn">{t('contain.passwordHolds')}</p>}
      {forward !== null && (
        <p class="notice warn">
          {t('contain.forwards')} <Foreign text={forward.to.join(', ')} isMono />
        </p>
      )}
      {forwardsLately.length > 0 && (
        <>
          <h3>{t('contain.lately')}</h3>
          <ul class="items">
            {forwardsLately.map(({ at, by, to }) => (
              <li key={at}>
                <div>
                  <Foreign text={to?.join(', ') ?? t('none')} isMono />
                  <div class="meta">
                    <Foreign text={by} /> · <Ago at={at} />
                  </div>
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}
