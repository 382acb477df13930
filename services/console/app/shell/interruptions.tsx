// What stands between a call and its answer: a session that ended, a factor that is asked for again. Settled in a dialog over the page, which
// keeps what is typed; one dialog, however many calls wait for it.

import { type Interruption, settleInterruptionsBy } from '../api/client.ts'
import { session } from '../api/session.ts'
import { Dialog, show } from '../kit/dialog.tsx'
import { t } from '../kit/language.ts'
import { SignIn } from './sign-in.tsx'
import { StepUp } from './step-up.tsx'

const waiting = new Map<Interruption, Promise<boolean>>()

settleInterruptionsBy((why) => {
  const found = waiting.get(why)
  if (found !== undefined) return found
  const settled = ask(why).finally(() => waiting.delete(why))
  waiting.set(why, settled)
  return settled
})

async function ask(why: Interruption): Promise<boolean> {
  const before = session.value
  const done = await show<true>((close) =>
    why === 'signed-out' ? (
      <Dialog title={t('signIn.again')} onClose={() => close()}>
        <p class="hint">{t('signIn.kept')}</p>
        <SignIn
          {...(before.kind === 'signed-in' && { address: before.session.account.address })}
          onDone={() => close(true)}
        />
      </Dialog>
    ) : (
      <Dialog title={t('stepUp.title')} onClose={() => close()}>
        <StepUp onDone={() => close(true)} leave={() => close()} />
      </Dialog>
    ),
  )
  if (why === 'signed-out' && done !== true) session.value = { kind: 'none' }
  return done === true
}
