// One value of a message, envelope or the like as tests compare it. What it is folded to is kept with it, since many rules ask for the same
// field in the same way.

import type { Comparator } from './comparator.ts'
import { isOfOctets, octetSubject, type Subject } from './subject.ts'

export class ComparedValue {
  readonly text: string
  #comparator: Comparator | undefined
  #folded = ''
  #subject: { readonly comparator: Comparator; readonly subject: Subject } | undefined

  constructor(text: string) {
    this.text = text
  }

  /** Whether `folded` takes no longer than one piece of work may. */
  isSoonFolded({ countsOctets }: Comparator): boolean {
    return countsOctets || this.text.length <= FOLDED_AT_ONCE
  }

  /** What is much longer than the value itself is not kept. */
  folded(comparator: Comparator): string {
    if (comparator === this.#comparator) return this.#folded
    const folded = comparator.fold(this.text)
    if (folded.length > 2 * this.text.length) return folded
    this.#comparator = comparator
    this.#folded = folded
    return folded
  }

  /** As a pattern sees it, where that is found without finding its characters first (subject.ts). */
  soonSubject(comparator: Comparator): Subject | undefined {
    if (this.#subject?.comparator === comparator) return this.#subject.subject
    if (!isOfOctets(comparator, this.text)) return undefined
    const subject = octetSubject(this.text, this.folded(comparator))
    this.#subject = { comparator, subject }
    return subject
  }
}

/** Characters whose case is folded without a turn for others. */
const FOLDED_AT_ONCE = 8_192
