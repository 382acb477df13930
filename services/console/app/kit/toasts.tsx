// What `toast` tells, at the edge of the page.

import { Button } from './button.tsx'
import { t } from './language.ts'
import { dismiss, toasts } from './toast.tsx'

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, look, undo }) => (
        <div key={id} class={`toast ${look}`}>
          <span>{text}</span>
          {undo && (
            <Button
              look="quiet"
              onPress={() => {
                dismiss(id)
                return undo()
              }}
            >
              {t('act.undo')}
            </Button>
          )}
          <Button
            look="quiet"
            icon="close"
            aria-label={t('act.close')}
            onPress={() => dismiss(id)}
          />
        </div>
      ))}
    </div>
  )
}
