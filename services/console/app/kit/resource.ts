// Data of one panel: loading, shown, or failed, each panel for itself. What was there stays while the new comes.

import { useLayoutEffect, useRef, useState } from 'preact/hooks'

export type Resource<Value> = {
  readonly value: Value | undefined
  readonly failure: unknown
  readonly isLoading: boolean
  /** When `value` came. */
  readonly atMs: number | undefined
  readonly reload: () => void
  /** After a change whose answer is the new value. */
  readonly set: (value: Value) => void
}

type State<Value> = Pick<Resource<Value>, 'value' | 'failure' | 'isLoading' | 'atMs'>

/** Loaded again whenever `key` changes; the load before is given up. */
export function useResource<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
): Resource<Value> {
  const [state, setState] = useState<State<Value>>(nothing)
  const [round, setRound] = useState(0)
  const loader = useRef(load)
  loader.current = load
  // Before it is shown: nothing of another key stands there for a frame as if it were this one's.
  useLayoutEffect(() => {
    const ending = new AbortController()
    setState((before) => ({ ...before, isLoading: true }))
    loader.current(ending.signal).then(
      (value) => {
        if (ending.signal.aborted) return
        setState({ value, failure: undefined, isLoading: false, atMs: Date.now() })
      },
      (failure) => {
        if (ending.signal.aborted) return
        setState((before) => ({ ...before, failure, isLoading: false }))
      },
    )
    return () => ending.abort()
  }, [key, round])
  return {
    ...state,
    reload: () => setRound((count) => count + 1),
    set: (value) => setState({ value, failure: undefined, isLoading: false, atMs: Date.now() }),
  }
}

const nothing = { value: undefined, failure: undefined, isLoading: true, atMs: undefined }
