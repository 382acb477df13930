// What was done, told at the edge for some seconds; for ten where it can be undone.

import { signal } from '@preact/signals'
import { Button } from './button.tsx'
import { t } from './language.ts'

type Toast = {
  readonly id: number
  readonly text: string
  readonly look: 'ok' | 'bad'
  readonly undo?: () => unknown
}

const UNDO_MS = 10_000
const SHOWN_MS = 5_000
const BAD_MS = 12_000
const TOASTS_MAX = 4

const toasts = signal<readonly Toast[]>([])
let nextId = 1

export function toast({
  text,
  look = 'ok',
  undo,
}: {
  readonly text: string
  readonly look?: 'ok' | 'bad'
  readonly undo?: () => unknown
}): void {
  const id = nextId++
  toasts.value = [...toasts.value, { id, text, look, ...(undo && { undo }) }].slice(-TOASTS_MAX)
  setTimeout(() => dismiss(id), undo ? UNDO_MS : look === 'bad' ? BAD_MS : SHOWN_MS)
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id)
}

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
