// Acts of a move in the record of what was done, at whichever end may be written just then. Given by whoever knows who moves.

import type { Side } from './side.ts'

export type MoveOperation = 'start' | 'switch' | 'undo'

/** `move`: its name in the marks. */
export type MoveAct = {
  readonly operation: MoveOperation
  readonly move: string
  readonly from: string
  readonly to: string
}

export interface MoveActs {
  /** Before it is done. Rejects where it cannot be written: then it is not done. */
  begin(act: MoveAct, at: Side): Promise<BegunAct>
}

export interface BegunAct {
  /** The same item at each of these, so that both ends stay equal. `code`: `ok`, or what refused it. Rejects where it cannot be written. */
  end(code: string, at: readonly Side[]): Promise<void>
}
