// Counts in memory: what has gathered since it was last taken, and since the process began. A tap of the log (tapped-log.ts), on the path of
// every message: it looks a name up and adds one.

import type { LogLine } from '#shared/runtime/tapped-log.ts'
import { countedAs } from './figures.ts'

/** `name`, or `name/label`. */
export type FigureKey = string

export type FigureValues = ReadonlyMap<FigureKey, number>

export interface FigureCounter {
  readonly tap: (line: LogLine) => void
  /** Counted since the last call. */
  take(): FigureValues
  /** What was taken could not be kept: it is counted again. */
  putBack(values: FigureValues): void
  /** Since the process began. */
  readonly totals: FigureValues
}

/** Labels of one figure; strangers choose domains. What is beyond them is `other`. */
export const LABELS_MAX = 50
export const LABEL_CHARACTERS_MAX = 100
export const OTHER = 'other'

export function createFigureCounter(): FigureCounter {
  const totals = new Map<FigureKey, number>()
  let gathered = new Map<FigureKey, number>()

  return {
    totals,
    tap(line) {
      for (const { name, label, times } of countedAs(line)) {
        addFigure(totals, name, label, times)
        addFigure(gathered, name, label, times)
      }
    },
    take() {
      const taken = gathered
      gathered = new Map()
      return taken
    },
    putBack(values) {
      for (const [key, n] of values) gathered.set(key, (gathered.get(key) ?? 0) + n)
    },
  }
}

/** Of so many labels as there may be of one figure; what is beyond them is `other`. */
export function addFigure(
  values: Map<FigureKey, number>,
  name: string,
  label: string,
  n: number,
): void {
  const key = label === '' ? name : `${name}/${label.slice(0, LABEL_CHARACTERS_MAX)}`
  const known = values.get(key)
  if (known !== undefined) {
    values.set(key, known + n)
    return
  }
  const isRoom = label === '' || labelsOf(values, name) < LABELS_MAX
  const place = isRoom ? key : `${name}/${OTHER}`
  values.set(place, (values.get(place) ?? 0) + n)
}

/** Asked for only where a label is new. */
function labelsOf(values: FigureValues, name: string): number {
  let count = 0
  for (const key of values.keys()) if (key.startsWith(`${name}/`)) count++
  return count
}

export function splitKey(key: FigureKey): { readonly name: string; readonly label: string } {
  const at = key.indexOf('/')
  return at === -1 ? { name: key, label: '' } : { name: key.slice(0, at), label: key.slice(at + 1) }
}
