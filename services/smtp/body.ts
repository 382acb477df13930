// How the connection's reader is told to take bytes that are no commands: a message of DATA, a chunk of BDAT.

import type { Reply } from '#shared/smtp/reply.ts'
import { DotUnstuffing } from '#shared/text/dot-stuffing.ts'
import type { LineEndCheck } from '#shared/text/line-ends.ts'
import type { Receipt } from './receipt.ts'
import { badLineEnd } from './replies.ts'

export interface Body {
  /** Takes the bytes that belong to it; returns those after its end, undefined while there is no end. */
  push(chunk: Buffer): Buffer | undefined
  /** The receipt that the bytes go to; undefined when they are only skipped. */
  readonly receipt: Receipt | undefined
  /** After the end: one reply, or in LMTP one for each recipient. */
  finish(): Promise<readonly Reply[]>
}

/** DATA: up to CRLF "." CRLF. */
export class DataBody implements Body {
  readonly receipt: Receipt
  readonly #unstuffing = new DotUnstuffing()
  readonly #ended: (receipt: Receipt) => Promise<readonly Reply[]>

  constructor(receipt: Receipt, ended: (receipt: Receipt) => Promise<readonly Reply[]>) {
    this.receipt = receipt
    this.#ended = ended
  }

  push(chunk: Buffer): Buffer | undefined {
    const content = this.#unstuffing.push(chunk)
    const { fault, rest } = this.#unstuffing
    if (fault) this.receipt.refuse(badLineEnd(fault))
    this.receipt.push(content)
    return rest
  }

  finish(): Promise<readonly Reply[]> {
    return this.#ended(this.receipt)
  }
}

/** BDAT: so many bytes (RFC 3030 §2), where dots mean nothing. */
export class ChunkBody implements Body {
  readonly receipt: Receipt | undefined
  readonly #lineEnds: LineEndCheck | undefined
  readonly #ended: () => Promise<readonly Reply[]>
  #left: number

  constructor(
    bytes: number,
    target: { readonly receipt: Receipt; readonly lineEnds: LineEndCheck } | undefined,
    ended: () => Promise<readonly Reply[]>,
  ) {
    this.#left = bytes
    this.receipt = target?.receipt
    this.#lineEnds = target?.lineEnds
    this.#ended = ended
  }

  push(chunk: Buffer): Buffer | undefined {
    const isLast = chunk.length >= this.#left
    const content = isLast ? chunk.subarray(0, this.#left) : chunk
    const rest = isLast ? chunk.subarray(this.#left) : undefined
    this.#left -= content.length
    this.#lineEnds?.push(content)
    if (this.#lineEnds?.fault) this.receipt?.refuse(badLineEnd(this.#lineEnds.fault))
    this.receipt?.push(content)
    return rest
  }

  finish(): Promise<readonly Reply[]> {
    return this.#ended()
  }
}
