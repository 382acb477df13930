/** What was found of one message so far, as policyd-weight writes it: ` NAME=points` one after the other. */
export class Scorecard {
  readonly #hits: string[] = []
  #points = 0
  /** Of DNS lists that have the client, and of its looking like a dial-up: others weigh more by it. */
  listedPoints = 0
  /** DNS lists that have the client and count against it. */
  listHits = 0

  get points(): number {
    return rounded(this.#points)
  }

  get hits(): string {
    return this.#hits.join(' ')
  }

  add(name: string, points: number): void {
    this.#points += points
    this.#hits.push(`${name}=${rounded(points)}`)
  }

  /** What weighs nothing. */
  note(text: string): void {
    this.#hits.push(text)
  }
}

/** Sums of such numbers are not exact. */
function rounded(points: number): number {
  return Math.round(points * 1_000) / 1_000
}
