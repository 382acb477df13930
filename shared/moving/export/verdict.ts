// What a comparison of an export with its mailbox found in one folder.

/** Differences told of one folder; all are counted. */
export const DIFFERENCES_MAX = 100

export type ExportDifference = {
  readonly uid: number
  /** `lost`: its bytes are lost here. */
  readonly what: 'missing' | 'bytes' | 'uid' | 'flags' | 'date' | 'lost'
}

export type ExportVerdict = {
  readonly path: string
  readonly compared: number
  readonly equal: number
  /** In the export, and gone here. */
  readonly others: number
  readonly differences: readonly ExportDifference[]
  readonly differencesCount: number
}

export class Verdict {
  #equal = 0
  #count = 0
  readonly #kept: ExportDifference[] = []

  add(uid: number, what: ExportDifference['what'] | 'equal'): void {
    if (what === 'equal') {
      this.#equal++
      return
    }
    this.#count++
    if (this.#kept.length < DIFFERENCES_MAX) this.#kept.push({ uid, what })
  }

  of(path: string, others: number): ExportVerdict {
    return {
      path,
      compared: this.#equal + this.#count,
      equal: this.#equal,
      others,
      differences: this.#kept,
      differencesCount: this.#count,
    }
  }
}

export const sameFlags = (a: readonly string[], b: readonly string[]) =>
  a.toSorted().join(' ') === b.toSorted().join(' ')

/** No form but the manifest keeps more. */
export const sameSecond = (a: number, b: number) => Math.floor(a / 1_000) === Math.floor(b / 1_000)
