// What an earlier import brought from a folder of a source, as it stands with the folder here (`O#` items, shared/mailbox/bring-in.ts).

import { createHash } from 'node:crypto'
import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import type { FlagSet } from '#shared/mailbox/flags.ts'
import type { BroughtBatch, Mailbox } from '#shared/mailbox/port.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { SourceMessage } from './source.ts'

const ID_CHARACTERS = 24

/** Of a folder of a source, for good. */
export function sourceId(identity: string, names: readonly string[]): string {
  const name = [identity, ...names].join('\0')
  return createHash('sha256').update(name).digest('hex').slice(0, ID_CHARACTERS)
}

export type Known = {
  readonly uid: Uid
  /** When the source was last looked at. */
  readonly flags: FlagSet
  readonly batch: number
  /** In its batch. */
  readonly position: number
}

export class Ledger {
  readonly source: string
  readonly #known: Map<string, Known>
  #next: number

  private constructor(source: string, known: Map<string, Known>, next: number) {
    this.source = source
    this.#known = known
    this.#next = next
  }

  static readonly empty = (source: string) => new Ledger(source, new Map(), 0)

  /** Memory: about 200 bytes for each message that was brought from this folder. */
  static async read(
    mailbox: Pick<Mailbox, 'foreign'>,
    folder: FolderRef,
    source: string,
  ): Promise<Ledger> {
    const ledger = Ledger.empty(source)
    for await (const batch of mailbox.foreign.origins(folder, source)) {
      ledger.#add(batch)
      const wait = turns.step()
      if (wait) await wait
    }
    return ledger
  }

  get size(): number {
    return this.#known.size
  }

  find(key: string): Known | undefined {
    return this.#known.get(key)
  }

  /** Under which key it was brought, and as what. */
  async lookUp({
    key,
    formerKey,
  }: Pick<SourceMessage, 'key' | 'formerKey'>): Promise<readonly [string, Known | undefined]> {
    const known = this.#known.get(key)
    // At the first time nothing was brought, and to ask would be to read all of it.
    if (known !== undefined || formerKey === undefined || this.size === 0) return [key, known]
    const former = await formerKey()
    const found = this.#known.get(former)
    return found === undefined ? [key, undefined] : [former, found]
  }

  entries(): Iterable<readonly [key: string, known: Known]> {
    return this.#known
  }

  /** The number of the next batch. */
  take(): number {
    return this.#next++
  }

  #add({ batch, keys, uids, flags }: BroughtBatch): void {
    for (const [position, key] of keys.entries()) {
      const [uid, had] = [uids[position], flags[position]]
      if (key !== '' && uid !== undefined && had !== undefined) {
        this.#known.set(key, { uid, flags: had, batch, position })
      }
    }
    this.#next = Math.max(this.#next, batch + 1)
  }
}
