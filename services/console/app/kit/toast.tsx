// What was done, told at the edge for some seconds; for ten where it can be undone. `toasts.tsx`
// shows it: buttons tell their failures here, and so stand above this file.

import { signal } from '@preact/signals'

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

export const toasts = signal<readonly Toast[]>([])
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

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id)
}
