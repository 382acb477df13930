// Asked when somebody leaves a form with something typed in it.

import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { t } from './language.ts'

export function LeaveDialog({ close }: { readonly close: (leave?: boolean) => void }) {
  return (
    <Dialog
      title={t('leave.title')}
      onClose={() => close(false)}
      actions={
        <>
          <Button look="danger" onPress={() => close(true)}>
            {t('leave.discard')}
          </Button>
          <Button look="filled" autofocus onPress={() => close(false)}>
            {t('leave.stay')}
          </Button>
        </>
      }
    >
      <p>{t('leave.text')}</p>
    </Dialog>
  )
}
