// Keys: single letters act where nothing is written, and may be switched off (WCAG 2.1.4). `g` then a letter goes somewhere.

import { signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'

const STORED = 'postwolke.letters'
export const areLettersOn = signal(localStorage.getItem(STORED) !== 'off')

export function switchLetters(isOn: boolean): void {
  localStorage.setItem(STORED, isOn ? 'on' : 'off')
  areLettersOn.value = isOn
}

type Act = (event: KeyboardEvent) => void
type Layer = { readonly [keys: string]: Act }

/** The last is asked first: a list before the shell. */
const layers: { readonly current: Layer }[] = []
const CHORD_MS = 1_200

/** Names are keys: `j`, `Shift+x`, `Ctrl+k`, `g q`. */
export function useShortcuts(layer: Layer): void {
  const held = useRef(layer)
  held.current = layer
  // As soon as it is shown: before the next key, which may come sooner than the next frame.
  useLayoutEffect(() => {
    layers.push(held)
    return () => void layers.splice(layers.indexOf(held), 1)
  }, [])
}

let pending: { readonly key: string; readonly until: number } | undefined

export function watchKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return
    const name = nameOf(event)
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    if (isPlain && isWriting(event.target)) return
    if (document.querySelector('dialog[open]') !== null) return
    if (isPlain && name.length === 1 && !areLettersOn.value && /[a-z?./]/.test(name)) return
    const chord =
      pending && pending.until > performance.now() ? `${pending.key} ${name}` : undefined
    pending = undefined
    const act = (chord === undefined ? undefined : find(chord)) ?? find(name)
    if (act !== undefined) {
      event.preventDefault()
      act(event)
    } else if (isPlain && layers.some(({ current }) => hasChord(current, name))) {
      pending = { key: name, until: performance.now() + CHORD_MS }
    }
  })
}

function find(name: string): Act | undefined {
  for (const { current } of layers.toReversed()) {
    if (current[name] !== undefined) return current[name]
  }
  return undefined
}

const hasChord = (layer: Layer, key: string) =>
  Object.keys(layer).some((keys) => keys.startsWith(`${key} `))

function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (event.ctrlKey || event.metaKey) return `Ctrl+${key}`
  return event.shiftKey && /^[a-z]$/.test(key) ? `Shift+${key}` : key
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true
  if (target instanceof HTMLSelectElement) return true
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)
  )
}
