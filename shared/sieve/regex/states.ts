// The states an automaton is in at one place of a text, each once, with where its groups begin and end.

import type { Instruction } from './program.ts'

export class States {
  readonly #instructions: readonly Instruction[]
  readonly #slots: number
  readonly #list: Int32Array
  readonly #seen: Uint32Array
  readonly #places: Int32Array
  /** Of the way that is followed. */
  readonly #current: Int32Array
  readonly #open: number[] = []
  #generation = 1
  #isOrdered = true
  count = 0
  /** Where the whole expression fits with this character next: its groups. */
  fits: Int32Array | undefined

  constructor(instructions: readonly Instruction[], slots: number) {
    this.#instructions = instructions
    this.#slots = slots
    this.#list = new Int32Array(instructions.length)
    this.#seen = new Uint32Array(instructions.length)
    this.#places = new Int32Array(instructions.length * slots)
    this.#current = new Int32Array(slots)
  }

  clear(): void {
    this.count = 0
    this.fits = undefined
    this.#isOrdered = true
    this.#generation++
  }

  at(index: number): number {
    return this.#list[index] ?? 0
  }

  slotsOf(index: number): Int32Array {
    if (this.#slots === 0) return this.#places
    return this.#places.subarray(index * this.#slots, (index + 1) * this.#slots)
  }

  /** Where the whole began; -1 where nobody wants to know. */
  beginning(index: number): number {
    return this.#slots === 0 ? -1 : (this.#places[index * this.#slots] ?? -1)
  }

  /** The state and all that are reached from it without a character. What is there stays as it is: who comes first is the better one. */
  add(state: number, text: string, at: number, places: Int32Array): number {
    this.#current.set(places)
    const open = this.#open
    open.push(state)
    let looks = 0
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      looks++
      if (next < 0) {
        // What a group's place was before the way that ends here.
        this.#current[-next - 1] = open.pop() ?? -1
        continue
      }
      if (this.#seen[next] === this.#generation) continue
      this.#seen[next] = this.#generation
      this.#follow(next, text, at)
    }
    return looks + ((looks * this.#slots) >> 4)
  }

  #follow(state: number, text: string, at: number): void {
    const open = this.#open
    const instruction = this.#instructions[state]
    switch (instruction?.kind) {
      case undefined:
        return
      case 'fork':
        open.push(instruction.or, instruction.to)
        return
      case 'jump':
        open.push(instruction.to)
        return
      case 'save': {
        const { slot } = instruction
        if (slot < this.#slots) {
          open.push(this.#current[slot] ?? -1, -slot - 1)
          this.#current[slot] = at
        }
        open.push(state + 1)
        return
      }
      case 'lineStart':
        if (at === 0 || text.charCodeAt(at - 1) === LF) open.push(state + 1)
        return
      case 'lineEnd':
        if (isLineEnd(text, at)) open.push(state + 1)
        return
      case 'fits':
        this.fits = this.#current.slice()
        return
      default:
        this.#list[this.count] = state
        if (this.#slots > 0) this.#keepPlaces(this.count)
        this.count++
    }
  }

  #keepPlaces(index: number): void {
    this.#places.set(this.#current, index * this.#slots)
    if (index > 0 && this.#isOrdered) this.#isOrdered = this.#order(index - 1, index) <= 0
  }

  /** Indexes, the better ones first; undefined: they stand so. */
  bestFirst(): readonly number[] | undefined {
    if (this.#isOrdered) return undefined
    const indexes = Array.from({ length: this.count }, (_, i) => i)
    return indexes.sort((a, b) => this.#order(a, b))
  }

  /** Below 0 where the first is better: each group from the left begins earlier, or else ends later. One that is open yet ends later still. */
  #order(a: number, b: number): number {
    for (let slot = 0; slot < this.#slots; slot += 2) {
      const from = this.#place(a, slot) - this.#place(b, slot)
      if (from !== 0) return from
      if (slot === 0) continue
      const to = this.#place(b, slot + 1) - this.#place(a, slot + 1)
      if (to !== 0) return to
    }
    return 0
  }

  /** Never: behind all places. */
  #place(index: number, slot: number): number {
    const offset = index * this.#slots
    const place = this.#places[offset + slot] ?? -1
    if (place < 0) return NEVER
    const isStale = slot % 2 === 1 && place < (this.#places[offset + slot - 1] ?? -1)
    return isStale ? NEVER : place
  }
}

const NEVER = 2 ** 30
const LF = 0x0a
const CR = 0x0d

/** RFC 5322 lines end with CRLF; the text of a decoded part may have LF alone. */
function isLineEnd(text: string, at: number): boolean {
  if (at === text.length) return true
  const unit = text.charCodeAt(at)
  return unit === LF || (unit === CR && text.charCodeAt(at + 1) === LF)
}
