// Expressions that administrators write, applied to what strangers send. An engine that goes back can be made to try for years: refused is
// what could take more than the square of a short text, and longer texts are not looked at to their ends.

/** Whether a text matches anywhere, in any case. */
export type Pattern = (text: string) => boolean

/** The square of it is some hundred microseconds. */
export const PATTERN_TEXT_CHARACTERS_MAX = 512
const PATTERN_CHARACTERS_MAX = 300
/** Runs without limit that may share out a text among them; where the expression may begin anywhere, that is one of them. */
const RUNS_MAX = 2
/** Of `{n,m}`: more is a run without limit. */
const SHORT_MAX = 64

/** Undefined for what is no expression, or none that can be relied on. */
export function createPattern(source: string): Pattern | undefined {
  if (source.length > PATTERN_CHARACTERS_MAX || !isBounded(source)) return undefined
  try {
    const expression = new RegExp(source, 'i')
    return (text) => expression.test(text.slice(0, PATTERN_TEXT_CHARACTERS_MAX))
  } catch {
    return undefined
  }
}

/** Counts runs; what may go on in two ways and is repeated itself multiplies them, and is never bounded. */
function isBounded(source: string): boolean {
  /** Of each group that is open: whether it may go on in two ways. */
  const groups: boolean[] = [false]
  let runs = source.startsWith('^') && !source.includes('|') ? 0 : 1
  /** The same of what stands before. */
  let varies = false
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at)
    const [begin] = /^\((?:\?:)?(?!\?)/.exec(rest) ?? []
    const repeat = /^(?:[*+?]|\{\d*(?:,\d*)?\})\??/.exec(rest)?.[0]
    const [atom] = /^(?:\\[^1-9k]|\[(?:\\.|[^\\\]])*\]|[^\\[(])/s.exec(rest) ?? []
    const taken = begin ?? repeat ?? atom
    if (taken === undefined) return false
    at += taken.length
    if (begin !== undefined) {
      groups.push(false)
    } else if (repeat !== undefined) {
      if (varies && !repeat.startsWith('?')) return false
      varies = true
      if (isRun(repeat)) runs += 1
    } else if (taken === ')') {
      varies = groups.pop() ?? true
    } else {
      varies = taken === '|'
    }
    if (varies && groups.length > 0) groups[groups.length - 1] = true
    if (runs > RUNS_MAX) return false
  }
  return groups.length === 1
}

function isRun(repeat: string): boolean {
  if (!repeat.startsWith('{')) return !repeat.startsWith('?')
  const [min = '', max = min] = repeat.slice(1).split(/[,}]/)
  return Number(max || Number.POSITIVE_INFINITY) > SHORT_MAX
}
