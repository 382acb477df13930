// The marks of a move at its two ends, changed on condition that they are what was read: of two commands at a time one works on the target.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  type MoveMark,
  moveMarkItem,
  moveMarkKey,
  readMoveMark,
  type SourceMark,
  type TargetMark,
} from '#shared/storage/move-mark.ts'
import { type Condition, ConditionFailed } from '#shared/storage/ports.ts'
import { again } from './again.ts'
import type { Side } from './side.ts'

/** A command that was killed keeps the next one waiting so long. */
export const MOVER_LEASE_MS = 20_000

export const markOf = ({ store }: Side) => readMoveMark(store.tables.directory)

/** Over what was read, undefined for nothing; false when somebody else was there first. */
export async function replaceMark(
  { store }: Side,
  before: MoveMark | undefined,
  after: MoveMark | undefined,
): Promise<boolean> {
  const is = (attribute: string, value: string | number): Condition => ({
    attribute,
    is: '=',
    value,
  })
  const unchanged: Condition =
    before === undefined
      ? { absent: 'pk' }
      : {
          all: [
            is('move', before.move),
            is('role', before.role),
            is('state', before.state),
            ...(before.role === 'target' ? [is('mover', before.mover)] : []),
          ],
        }
  const { directory } = store.tables
  try {
    await directory.write(
      after === undefined
        ? { delete: moveMarkKey, if: unchanged }
        : { put: moveMarkItem(after), if: unchanged },
    )
    return true
  } catch (error) {
    if (error instanceof ConditionFailed) return false
    throw error
  }
}

/** The target, held by one command. */
export interface Holding {
  mark(): TargetMark
  /** Rejects with TemporaryFailure when another command has taken it over. Cheap: writes now and then. */
  hold(): Promise<void>
  change(to: Partial<Pick<TargetMark, 'state' | 'passes'>>): Promise<void>
  end(): Promise<void>
}

/** `mark`: as it was read. Undefined when another command holds it, or took it meanwhile. */
export async function takeTarget(
  target: Side,
  mark: TargetMark | undefined,
  given: { readonly fresh: () => TargetMark; readonly mover: string; readonly clock: Clock },
): Promise<Holding | undefined> {
  const { mover, clock } = given
  if (mark !== undefined && mark.mover !== mover && mark.moverUntilMs > clock.now()) {
    return undefined
  }
  const leased = () => ({ mover, moverUntilMs: clock.now() + MOVER_LEASE_MS })
  let current: TargetMark = { ...(mark ?? given.fresh()), ...leased() }
  if (!(await replaceMark(target, mark, current))) return undefined
  let changing: Promise<unknown> = Promise.resolve()
  const write = (next: () => TargetMark) => {
    const written = changing.then(() =>
      again(clock, async () => {
        const wanted = next()
        if (!(await replaceMark(target, current, wanted))) {
          // An answer that was lost: it is ours already.
          const found = await markOf(target)
          const isOurs = found?.role === 'target' && found.mover === wanted.mover
          if (!(isOurs && found.state === wanted.state)) {
            throw new TemporaryFailure('another command of this move has taken over')
          }
        }
        current = wanted
      }),
    )
    changing = written.catch(() => undefined)
    return written
  }
  return {
    mark: () => current,
    async hold() {
      if (current.moverUntilMs - clock.now() > MOVER_LEASE_MS / 2) return
      await write(() => ({ ...current, ...leased() }))
    },
    change: (to) => write(() => ({ ...current, ...to, ...leased() })),
    end: () => write(() => ({ ...current, moverUntilMs: 0 })),
  }
}

export const closedMark = (
  mark: TargetMark,
  { target, nowMs }: { readonly target: Side; readonly nowMs: number },
): SourceMark => ({
  role: 'source',
  state: 'closed',
  move: mark.move,
  source: mark.source,
  other: target.name,
  sinceMs: nowMs,
})
