// An account that sends spam: its sending ends, its logins end, its mail in the queue is held, in one act. What it changed of its forwards
// lately is listed, for that is how a thief keeps a door open.

import { call } from '../../api/client.ts'
import type { Account } from '../../api/directory.ts'
import { confirm } from '../../kit/dialog.tsx'
import { t } from '../../kit/language.ts'
import { toast } from '../../kit/toast.tsx'
import { segment } from '../../routes.ts'

export async function contain({ address }: Pick<Account, 'address'>, changed: () => void) {
  const path = `/accounts/${segment(address)}`
  const done = await confirm({
    title: t('contain.title', { address }),
    text: (
      <>
        <p>{t('contain.text')}</p>
        <ul>
          <li>{t('contain.sending')}</li>
          <li>{t('contain.logins')}</li>
          <li>{t('contain.passwords')}</li>
          <li>{t('contain.queue')}</li>
        </ul>
        <p class="hint">{t('contain.undo')}</p>
      </>
    ),
    verb: t('contain.verb'),
    isDangerous: true,
    act: () => call('POST', `${path}:contain`, { body: { reason: t('contain.reason') } }),
  })
  if (!done) return
  changed()
  toast({
    text: t('contain.done', { address }),
    undo: async () => {
      await call('POST', `${path}:undoContain`, { body: {} })
      changed()
    },
  })
}
