// Acts of a move in the record of what was done, at whichever end may be written just then. Given by whoever knows who moves.

import type { Side } from './side.ts'

/** `switch`: the source is closed. `open`: the target is open. */
export type MoveOperation = 'start' | 'switch' | 'open' | 'undo'

/** `move`: its name in the marks. `code`: `ok`, or what refused it. */
export type MoveAct = {
  readonly operation: MoveOperation
  readonly code: string
  readonly move: string
  readonly from: string
  readonly to: string
}

/** The same item at each of these, so that both ends stay equal. Rejects where it cannot be written: then the act is not done. */
export type NoteMoveAct = (act: MoveAct, at: readonly Side[]) => Promise<void>
