// Another body, as a filter gives it in pieces: it goes on to where it is kept while it comes. Its lines are made to end as those of a
// stored message do.

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { ContentMessage } from '#shared/contracts/content.ts'
import type { StashedBytes } from '#shared/contracts/spool.ts'
import { MilterFailure } from './packet.ts'

const CR = 0x0d

export class ReplacedBody {
  readonly #bytesMax: number
  readonly #stream = new PassThrough()
  readonly #stashed: Promise<StashedBytes>
  #bytes = 0
  /** A CR whose LF may still come. */
  #held = false
  #last = ''

  constructor(stash: ContentMessage['stash'], bytesMax: number) {
    this.#bytesMax = bytesMax
    // It may be given up before anybody reads it.
    this.#stream.on('error', () => undefined)
    this.#stashed = stash(this.#stream)
    // Whoever waits for it is told; where nobody does, the message has failed for another reason.
    this.#stashed.catch(() => undefined)
  }

  async push(piece: Buffer): Promise<void> {
    this.#bytes += piece.length
    if (this.#bytes > this.#bytesMax) {
      throw new MilterFailure(`gives a body of more than ${this.#bytesMax} bytes`)
    }
    const ends = piece.at(-1) === CR
    const held = this.#held ? '\r' : ''
    this.#held = ends
    await this.#write(held + piece.toString('latin1', 0, piece.length - (ends ? 1 : 0)))
  }

  async finish(): Promise<StashedBytes> {
    if (this.#held) await this.#write('\r')
    if (this.#last !== '\n' && this.#last !== '') await this.#write('\n')
    this.#stream.end()
    return this.#stashed
  }

  abandon(): void {
    this.#stream.destroy(new MilterFailure('body not needed'))
  }

  async #write(text: string): Promise<void> {
    if (text === '') return
    const lines = text.replace(/\r\n|\r|\n/g, '\r\n')
    this.#last = lines.at(-1) ?? ''
    if (this.#stream.write(Buffer.from(lines, 'latin1'))) return
    // It may fail where it is kept, and take no more.
    await Promise.race([once(this.#stream, 'drain'), this.#stashed])
  }
}
