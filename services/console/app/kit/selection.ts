// Which rows of a list are chosen. "All that match" is no set of ids but the filter itself, which the server runs.

import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { between } from './selection-range.ts'

export type Selection = {
  readonly count: number
  /** Not only those that are shown. */
  readonly isAllThatMatch: boolean
  readonly keys: readonly string[]
  has(key: string): boolean
  toggle(key: string): void
  /** From where the last was chosen; `order`: keys as they are shown. */
  extendTo(key: string, order: readonly string[]): void
  addAll(keys: readonly string[]): void
  chooseAllThatMatch(): void
  clear(): void
}

export function useSelection(): Selection {
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  const isAll = useSignal(false)
  const anchor = useRef<string | undefined>(undefined)
  const put = (keys: Iterable<string>) => {
    chosen.value = new Set(keys)
    isAll.value = false
  }
  return {
    count: chosen.value.size,
    isAllThatMatch: isAll.value,
    keys: [...chosen.value],
    has: (key) => isAll.value || chosen.value.has(key),
    toggle(key) {
      const next = new Set(chosen.value)
      if (!next.delete(key)) next.add(key)
      anchor.current = key
      put(next)
    },
    extendTo(key, order) {
      put([...chosen.value, ...between(order, anchor.current ?? key, key)])
      anchor.current = key
    },
    addAll: (keys) => put([...chosen.value, ...keys]),
    chooseAllThatMatch: () => {
      isAll.value = true
    },
    clear: () => put([]),
  }
}
