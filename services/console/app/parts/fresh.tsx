// Live lists never push rows: what is new is counted, and comes when somebody asks for it.

import { useState } from 'preact/hooks'

export type Fresh = {
  /** Changes since the list was loaded. */
  readonly count: number
  /** Part of the key of what is loaded. */
  readonly round: number
  readonly note: () => void
  readonly reload: () => void
}

export function useFresh(): Fresh {
  const [{ count, round }, set] = useState({ count: 0, round: 0 })
  return {
    count,
    round,
    note: () => set((before) => ({ ...before, count: before.count + 1 })),
    reload: () => set((before) => ({ count: 0, round: before.round + 1 })),
  }
}
