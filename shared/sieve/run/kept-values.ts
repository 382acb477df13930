// Values of header fields as tests compare them, kept for the tests that come after: rules ask for the same few fields again and again.
// Bounded, and of one header: what a script changes is another one.

import { VALUES_KEPT_CHARACTERS_MAX } from '../limits.ts'
import type { Header } from '../message.ts'
import { ComparedValue } from './compared-value.ts'

export class KeptValues {
  #header: Header | undefined
  #room = 0
  readonly #kept = new Map<string, readonly ComparedValue[]>()

  /** `what` says what `find` finds in this header. */
  of(header: Header, what: string, find: () => readonly string[]): readonly ComparedValue[] {
    if (header !== this.#header) this.#begin(header)
    const kept = this.#kept.get(what)
    if (kept !== undefined) return kept
    const values = find().map((text) => new ComparedValue(text))
    const characters = values.reduce((sum, { text }) => sum + VALUE_CHARACTERS + text.length, 0)
    // That there are none is kept, too.
    this.#keep(what, values, Math.max(VALUE_CHARACTERS, characters))
    return values
  }

  #begin(header: Header): void {
    this.#header = header
    this.#kept.clear()
    this.#room = VALUES_KEPT_CHARACTERS_MAX
  }

  #keep(what: string, values: readonly ComparedValue[], characters: number): void {
    if (characters > this.#room) return
    this.#room -= characters
    this.#kept.set(what, values)
  }
}

/** Of a value besides its text, about. */
const VALUE_CHARACTERS = 64
