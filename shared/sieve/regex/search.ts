// Looks for what an expression fits in a text: all states of the automaton that can be reached go through the text together, a character
// at a time, so the time is that of text times states whatever the expression is (Thompson; with groups as in Pike's machine).
//
// Without groups the answer is whether it fits, at the first place where that is sure. With them it is the leftmost place, and of what
// begins there the longest (POSIX.1 §9.1); of ways that end alike, the one whose first group begins earlier or else is longer, and so on.

import { REGEX_LOOKS_A_STEP } from '../limits.ts'
import { foldCode } from './character-set.ts'
import type { Regex } from './program.ts'
import { States } from './states.ts'

/** The whole and each group, as places in the text; null for a group that took no part. */
export type Found = readonly (readonly [from: number, to: number] | null)[]

/**
 * Stops now and then for whoever else is waiting; `spend` is told of the steps before. Without `wantsGroups` the places are not looked for,
 * and what is found is empty.
 */
export function* search(
  regex: Regex,
  text: string,
  wantsGroups: boolean,
  spend: (steps: number) => void,
): Generator<undefined, Found | undefined> {
  const slots = wantsGroups ? 2 * (regex.groups + 1) : 0
  let now = new States(regex.instructions, slots)
  let next = new States(regex.instructions, slots)
  const begin = new Int32Array(slots).fill(-1)
  let best: Int32Array | undefined
  let looks = 0
  let looksSpent = 0
  for (let at = 0; ; ) {
    if (now.count === 0 && now.fits === undefined) {
      if (best !== undefined) break
      const from = nextBeginning(regex, text, at)
      looks += 1 + ((from - at) >> 4)
      if (from > text.length) break
      at = from
    }
    if (best === undefined && mayBegin(regex, text, at)) {
      if (wantsGroups) begin[0] = at
      looks += now.add(0, text, at, begin)
    }
    const fits = now.fits
    if (fits !== undefined) {
      if (!wantsGroups) return []
      if (best === undefined || (fits[0] ?? 0) <= (best[0] ?? 0)) {
        best = fits.slice()
        best[1] = at
      }
    }
    const code = text.codePointAt(at)
    if (code === undefined) break
    const behind = at + (code > 0xffff ? 2 : 1)
    looks += move(now, next, { regex, text, code, behind, from: best?.[0] ?? at })
    const last = now
    now = next
    next = last
    next.clear()
    at = behind
    if (looks - looksSpent >= LOOKS_AT_ONCE) {
      spend(Math.floor(looks / REGEX_LOOKS_A_STEP) - Math.floor(looksSpent / REGEX_LOOKS_A_STEP))
      looksSpent = looks
      yield
    }
  }
  spend(1 + Math.floor(looks / REGEX_LOOKS_A_STEP) - Math.floor(looksSpent / REGEX_LOOKS_A_STEP))
  return best && placesOf(best)
}

/** Looks before others are let in: well under a millisecond. */
const LOOKS_AT_ONCE = 8_192

type Move = {
  readonly regex: Regex
  readonly text: string
  readonly code: number
  readonly behind: number
  /** What begins later is given up. */
  readonly from: number
}

/** Over one character. Gives how often something was looked at. */
function move(now: States, next: States, { regex, text, code, behind, from }: Move): number {
  const folded = foldCode(code, regex.folding)
  let looks = now.count
  const order = now.bestFirst()
  for (let n = 0; n < now.count; n++) {
    const i = order?.[n] ?? n
    if (now.beginning(i) > from) continue
    const state = now.at(i)
    const instruction = regex.instructions[state]
    const isOver =
      instruction?.kind === 'character'
        ? instruction.code === folded
        : instruction?.kind === 'set' && instruction.set.has(code)
    if (isOver) looks += next.add(state + 1, text, behind, now.slotsOf(i))
  }
  return looks
}

/** From where on something may begin; behind the text where nothing does. */
function nextBeginning({ isAnchored, first }: Regex, text: string, from: number): number {
  if (isAnchored) {
    if (from === 0 || text.charCodeAt(from - 1) === LF) return from
    const lineFeed = text.indexOf('\n', from)
    return lineFeed < 0 ? text.length + 1 : lineFeed + 1
  }
  if (first === undefined) return from
  let at = from
  while (at < text.length && first[text.charCodeAt(at)] === 0) at++
  return at === text.length ? text.length + 1 : at
}

const mayBegin = ({ isAnchored }: Regex, text: string, at: number) =>
  !isAnchored || at === 0 || text.charCodeAt(at - 1) === LF

const LF = 0x0a

function placesOf(slots: Int32Array): Found {
  const places: (readonly [number, number] | null)[] = []
  for (let i = 0; i < slots.length; i += 2) {
    const [from = -1, to = -1] = slots.subarray(i, i + 2)
    places.push(from < 0 || to < from ? null : [from, to])
  }
  return places
}
