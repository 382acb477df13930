// A move from one store to another: begun, passes made while the source serves, switched over, taken back. What stands of it is in the marks of
// the two stores, so that any command may be killed and given again.
//
// Implementation notes: at no moment both ends may serve. The source is closed before the target is opened, and the target is closed
// before the source is opened again; a kill between the two leaves both closed, and the command, given again, goes on from there.

import type { Clock } from '#shared/runtime/clock.ts'
import type { MoveMark, TargetMark } from '#shared/storage/move-mark.ts'
import { again } from './again.ts'
import type { Ledger } from './ledger.ts'
import { closedMark, type Holding, markOf, replaceMark, takeTarget } from './marks.ts'
import type { MoveAct, NoteMoveAct } from './move-acts.ts'
import { makePass, type Pass, type PassReport, type Watch } from './pass.ts'
import type { Side } from './side.ts'
import { isMail, tableNames } from './what-moves.ts'

export type MoveParts = {
  readonly source: Side
  readonly target: Side
  readonly ledger: Ledger
  readonly clock: Clock
  readonly newId: () => string
  readonly note: NoteMoveAct
  readonly watch: Watch
  /** What a person who waits should know. */
  readonly tell: (what: string) => void
}

export type MoveRefusal =
  | { readonly kind: 'not-begun' }
  | { readonly kind: 'target-not-empty'; readonly table: string; readonly items: number }
  | { readonly kind: 'another-move'; readonly end: 'source' | 'target'; readonly mark: MoveMark }
  | { readonly kind: 'already-open' }
  | { readonly kind: 'source-waits'; readonly what: string }
  | { readonly kind: 'nothing-to-undo' }
  | { readonly kind: 'target-was-used'; readonly differences: number }

export type MoveStanding = {
  readonly source: MoveMark | undefined
  readonly target: MoveMark | undefined
}

export const standingOf = async ({
  source,
  target,
}: Pick<MoveParts, 'source' | 'target'>): Promise<MoveStanding> => ({
  source: await markOf(source),
  target: await markOf(target),
})

/** The first pass, and every one after it. `begin`: there need not be a move yet. */
export async function passOnce(
  parts: MoveParts,
  { begin }: { readonly begin: boolean },
): Promise<{ readonly kind: 'passed'; readonly report: PassReport } | MoveRefusal> {
  return await held(parts, { begin }, async (holding) => {
    // Of one that was killed before its first pass had ended each attempt is an act.
    if (begin && holding.mark().passes === 0) {
      await noteAct(parts, { operation: 'start', move: holding.mark().move }, [parts.source])
    }
    const { report } = await makePass({ ...parts, hold: holding.hold })
    await holding.change({ passes: holding.mark().passes + 1 })
    return { kind: 'passed', report }
  })
}

export type Switched = {
  readonly kind: 'switched'
  /** While the source still served. */
  readonly before: PassReport
  /** While it was closed; the last of them. */
  readonly last: PassReport
  /** From closing the source to opening the target. */
  readonly closedForMs: number
}

/** What processes of a deployment take at most to heed the mark, and to end what they have in hand. */
export const HEEDED_MS = 45_000
const LOOK_MS = 5_000

export async function switchOver(parts: MoveParts): Promise<Switched | MoveRefusal> {
  const { source, target, clock, tell } = parts
  return await held(parts, { begin: false }, async (holding) => {
    const passing = { ...parts, hold: holding.hold }
    await targetHeeded(holding)
    const before = await makePass(passing)
    await using _ = await source.alone?.(tell)
    const { move } = holding.mark()
    // The last pass takes it along.
    await noteAct(parts, { operation: 'switch', move }, [source])
    const mark = await closeSource(parts, holding.mark())
    if (mark === undefined) return await anotherMove(parts, 'source')
    const waiting = await source.waiting()
    if (waiting !== undefined) {
      // It has to get into the store first, and only a source that runs does that.
      await again(clock, () => replaceMark(source, mark, undefined))
      await noteAct(parts, { operation: 'switch', code: 'source-waits', move }, [source])
      return { kind: 'source-waits', what: waiting }
    }
    const last =
      source.alone === undefined
        ? await passUntilQuiet(passing, mark.sinceMs)
        : await makePass(passing, { knowsTarget: true, proving: true })
    // Killed before it is at both, another pass makes them equal.
    await noteAct(parts, { operation: 'open', move }, [source, target])
    await holding.change({ state: 'open', passes: holding.mark().passes + 1 })
    await again(clock, () => replaceMark(source, mark, { ...mark, state: 'moved' }))
    return {
      kind: 'switched',
      before: before.report,
      last: last.report,
      closedForMs: clock.now() - mark.sinceMs,
    }
  })

  /** What its processes wrote before they saw the mark is found by the next pass, and there has to be one. */
  async function targetHeeded(holding: Holding): Promise<void> {
    while (target.alone === undefined && clock.now() - holding.mark().sinceMs < HEEDED_MS) {
      tell('the target comes to its end')
      await clock.sleep(LOOK_MS)
      await holding.hold()
    }
  }

  async function passUntilQuiet(
    passing: Parameters<typeof makePass>[0],
    sinceMs: number,
  ): Promise<Pass> {
    for (;;) {
      // Before it reads: whoever wrote after that has not heeded the mark.
      const isHeeded = clock.now() - sinceMs >= HEEDED_MS
      const pass = await makePass(passing, { knowsTarget: true, proving: true })
      const isLeased = pass.leaseEndMs > clock.now()
      if (isHeeded && !isLeased && pass.foundNothing) return pass
      tell(
        isLeased ? 'a worker of the source still has mail in hand' : 'the source comes to its end',
      )
      await passing.hold()
      await clock.sleep(LOOK_MS)
    }
  }

  async function closeSource({ source: from }: MoveParts, of: TargetMark) {
    return await again(clock, async () => {
      const found = await markOf(from)
      if (found?.role === 'source' && found.move === of.move) return found
      // A store that was itself the target of a move that is over.
      const isFree = found === undefined || (found.role === 'target' && found.state === 'open')
      if (!isFree) return undefined
      const mark = closedMark(of, { target, nowMs: clock.now() })
      return (await replaceMark(from, found, mark)) ? mark : undefined
    })
  }
}

export type Undone = { readonly kind: 'undone'; readonly differences: number }

/** `force`: what the target has taken in since is left there. */
export async function undo(
  parts: MoveParts,
  {
    force,
    compare,
  }: { readonly force: boolean; readonly compare: () => Promise<{ readonly mail: number }> },
): Promise<Undone | MoveRefusal> {
  const { source, target, clock, tell } = parts
  const [there, here] = [await markOf(source), await markOf(target)]
  if (there?.role !== 'source') return { kind: 'nothing-to-undo' }
  if (here?.role !== 'target' || here.move !== there.move) {
    return { kind: 'another-move', end: 'target', mark: here ?? there }
  }
  const holding = await takenWhenFree(parts, here)
  try {
    await using _ = await target.alone?.(tell)
    let differences = 0
    if (here.state === 'open') {
      await holding.change({ state: 'filling' })
      if (target.alone === undefined) await heeded(parts)
      differences = (await compare()).mail
      if (differences > 0 && !force) {
        await holding.change({ state: 'open' })
        return { kind: 'target-was-used', differences }
      }
    }
    await noteAct(parts, { operation: 'undo', move: here.move }, [source, target])
    await again(clock, () => replaceMark(source, there, undefined))
    return { kind: 'undone', differences }
  } finally {
    await holding.end()
  }
}

const noteAct = (
  { note, source, target }: MoveParts,
  {
    operation,
    code = 'ok',
    move,
  }: Pick<MoveAct, 'operation' | 'move'> & Partial<Pick<MoveAct, 'code'>>,
  at: readonly Side[],
) => note({ operation, code, move, from: source.name, to: target.name }, at)

async function heeded({ clock, tell }: MoveParts): Promise<void> {
  tell('the target comes to its end')
  await clock.sleep(HEEDED_MS)
}

/** Does something with a target that no other command works on. */
async function held<T>(
  parts: MoveParts,
  { begin }: { readonly begin: boolean },
  work: (holding: Holding) => Promise<T | MoveRefusal>,
): Promise<T | MoveRefusal> {
  const { source, target, tell } = parts
  const [there, here] = [await markOf(source), await markOf(target)]
  if (there?.role === 'target' && there.state === 'filling') {
    return { kind: 'another-move', end: 'source', mark: there }
  }
  if (here === undefined && !begin) return { kind: 'not-begun' }
  const isOurs = here?.role === 'target' && here.source === source.identity
  if (here !== undefined && !isOurs) return { kind: 'another-move', end: 'target', mark: here }
  if (there?.role === 'source' && there.move !== here?.move) {
    return { kind: 'another-move', end: 'source', mark: there }
  }
  if (here?.role === 'target' && here.state === 'open') {
    if (there?.role !== 'source' || there.state === 'moved') return { kind: 'already-open' }
    // Killed between the two: the target was proven before it was opened.
    await again(parts.clock, () => replaceMark(source, there, { ...there, state: 'moved' }))
    return { kind: 'already-open' }
  }
  await using _ = await target.alone?.(tell)
  if (here === undefined) {
    const found = await mailIn(target)
    if (found !== undefined) return { kind: 'target-not-empty', ...found }
  }
  const holding = await takenWhenFree(parts, here?.role === 'target' ? here : undefined)
  try {
    return await work(holding)
  } finally {
    await holding.end().catch(() => undefined)
  }
}

async function takenWhenFree(parts: MoveParts, mark: TargetMark | undefined): Promise<Holding> {
  const { source, target, clock, newId, tell } = parts
  const mover = newId()
  const fresh = (): TargetMark => ({
    role: 'target',
    state: 'filling',
    move: newId(),
    source: source.identity,
    other: source.name,
    sinceMs: clock.now(),
    passes: 0,
    mover,
    moverUntilMs: 0,
  })
  for (let seen = mark; ; ) {
    const holding = await again(clock, () => takeTarget(target, seen, { fresh, mover, clock }))
    if (holding !== undefined) return holding
    tell('another command of this move is at work, or was killed just now')
    await clock.sleep(LOOK_MS)
    const found = await markOf(target)
    seen = found?.role === 'target' ? found : undefined
  }
}

async function anotherMove(
  { source, target }: MoveParts,
  end: 'source' | 'target',
): Promise<MoveRefusal> {
  const mark = await markOf(end === 'source' ? source : target)
  return mark === undefined ? { kind: 'not-begun' } : { kind: 'another-move', end, mark }
}

async function mailIn(side: Side) {
  for (const table of tableNames) {
    let items = 0
    await side.scan(table, (page) => {
      items += page.filter((item) => isMail(table, item)).length
    })
    if (items > 0) return { table, items }
  }
  return undefined
}
