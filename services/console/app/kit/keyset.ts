// A list that is read in windows behind a cursor: the next is asked for when somebody comes near its end.

import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { get, type Query } from '../api/client.ts'

export type Listed<Row> = { readonly data: readonly Row[]; readonly next?: string | null }

export type Keyset<Row> = {
  readonly rows: readonly Row[]
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly failure: unknown
  readonly atMs: number | undefined
  readonly more: () => void
  readonly reload: () => void
  /** Of a row that was changed here; undefined: it is gone. */
  readonly put: (matches: (row: Row) => boolean, row: Row | undefined) => void
}

/** Rows of one window. */
export const WINDOW_ROWS = 200

/** As many as there are, up to this, come without being asked for. */
const FIRST_ROWS = 50

type State<Row> = {
  readonly rows: readonly Row[]
  readonly next: string | undefined
  readonly isLoading: boolean
  readonly failure: unknown
  readonly atMs: number | undefined
}

export function useKeyset<Row>(path: string, query: Query): Keyset<Row> {
  const key = JSON.stringify([path, query])
  const [state, setState] = useState<State<Row>>({
    rows: [],
    next: undefined,
    isLoading: true,
    failure: undefined,
    atMs: undefined,
  })
  const [round, setRound] = useState(0)
  const ending = useRef(new AbortController())
  const isAsking = useRef(false)
  const found = useRef(0)

  const ask = useCallback(
    async (cursor: string | undefined, { signal }: AbortController) => {
      isAsking.current = true
      setState((before) => ({ ...before, isLoading: true, failure: undefined }))
      try {
        const listed = await get<Listed<Row>>(
          path,
          { ...query, limit: WINDOW_ROWS, cursor },
          signal,
        )
        if (signal.aborted) return
        found.current =
          cursor === undefined ? listed.data.length : found.current + listed.data.length
        setState((before) => ({
          rows: cursor === undefined ? listed.data : [...before.rows, ...listed.data],
          next: listed.next ?? undefined,
          isLoading: false,
          failure: undefined,
          atMs: Date.now(),
        }))
        // A page that found little has looked at as much as it may; the next looks on, so that nobody asks for more that is not there.
        const isLittle = listed.data.length === 0 || found.current < FIRST_ROWS
        if (isLittle && listed.next) void ask(listed.next, ending.current)
      } catch (failure) {
        if (!signal.aborted) setState((before) => ({ ...before, isLoading: false, failure }))
      } finally {
        if (!signal.aborted) isAsking.current = false
      }
    },
    [key],
  )

  // Before it is shown, as in `resource.ts`.
  useLayoutEffect(() => {
    const mine = new AbortController()
    ending.current = mine
    void ask(undefined, mine)
    return () => mine.abort()
  }, [ask, round])

  return {
    rows: state.rows,
    hasMore: state.next !== undefined,
    isLoading: state.isLoading,
    failure: state.failure,
    atMs: state.atMs,
    more: () => {
      if (state.next !== undefined && !isAsking.current && state.failure === undefined) {
        void ask(state.next, ending.current)
      }
    },
    reload: () => setRound((count) => count + 1),
    put: (matches, row) =>
      setState((before) => ({
        ...before,
        rows: before.rows.flatMap((each) =>
          matches(each) ? (row === undefined ? [] : [row]) : [each],
        ),
      })),
  }
}
