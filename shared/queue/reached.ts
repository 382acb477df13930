// Whom a message was handed on to so far, kept with it while some of it waits: when an operator has its aliases followed again, who
// has the message already, or has it coming, must not get it twice. A fingerprint of 8 bytes each, so that it fits into the
// message's item.

import { createHash } from 'node:crypto'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import { turns } from '#shared/runtime/turns.ts'

/** Of a message, so that its item stays below ITEM_BYTES_MAX; with more it is not known. */
export const REACHED_MAX = 10_000
const FINGERPRINT_BYTES = 8

/** What makes two recipients one delivery: the account and what may choose a folder in it, or the address elsewhere. */
export function finalKey({ accountId, extension, address }: FinalRecipient): string {
  return accountId === null ? `to ${address}` : `into ${accountId} ${extension ?? ''}`
}

export class Reached {
  readonly #known = new Set<string>()

  constructor(bytes: Uint8Array = new Uint8Array()) {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + FINGERPRINT_BYTES <= all.length; at += FINGERPRINT_BYTES) {
      this.#known.add(all.toString('latin1', at, at + FINGERPRINT_BYTES))
    }
  }

  get size(): number {
    return this.#known.size
  }

  has(recipient: FinalRecipient): boolean {
    return this.#known.has(fingerprint(recipient))
  }

  async add(recipients: readonly FinalRecipient[]): Promise<void> {
    for (const recipient of recipients) {
      this.#known.add(fingerprint(recipient))
      const wait = turns.step()
      if (wait) await wait
    }
  }

  bytes(): Uint8Array {
    return Buffer.from([...this.#known].join(''), 'latin1')
  }
}

/** Undefined: more than are kept. */
export async function reachedBy(
  recipients: readonly FinalRecipient[],
): Promise<Uint8Array | undefined> {
  if (recipients.length > REACHED_MAX) return undefined
  const reached = new Reached()
  await reached.add(recipients)
  return reached.bytes()
}

function fingerprint(recipient: FinalRecipient): string {
  const hash = createHash('sha256').update(finalKey(recipient)).digest()
  return hash.toString('latin1', 0, FINGERPRINT_BYTES)
}
