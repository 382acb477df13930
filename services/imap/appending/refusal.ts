import type { Completion } from '../command.ts'

/** A refusal inside the bytes of a message: thrown through the object store, which forgets them, and answered by whoever waits. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly completion: Completion

  constructor(completion: Completion) {
    super(completion.text)
    this.completion = completion
  }
}
