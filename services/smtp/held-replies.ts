// Replies wait for each other, to leave in one write (RFC 2920 §3.2).

import { formatReply, type Reply } from '#shared/smtp/reply.ts'
import { HELD_REPLY_CHARACTERS_MAX } from './config.ts'

export class HeldReplies {
  readonly #write: (text: string) => void
  #held = ''

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  add(reply: Reply): void {
    this.#held += formatReply(reply)
    if (this.#held.length > HELD_REPLY_CHARACTERS_MAX) this.flush()
  }

  flush(): void {
    if (this.#held === '') return
    const text = this.#held
    this.#held = ''
    this.#write(text)
  }
}
