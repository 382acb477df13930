// What a session may do in the folder that it has selected: all in its own; in somebody else's what the rights there say, which can
// change at any time (RFC 4314 §5.1.1).

import { allRights, hasRight, type Right, type Rights } from '#shared/mailbox/rights.ts'

/** In a folder of somebody else. */
export type ForeignAccess = {
  readonly rights: Rights
  /** What they are now. */
  readonly read: () => Promise<Rights>
}

export class HeldRights {
  readonly #read: (() => Promise<Rights>) | undefined
  #rights: Rights

  constructor(access: ForeignAccess | undefined) {
    this.#read = access?.read
    this.#rights = access?.rights ?? allRights
  }

  get isForeign(): boolean {
    return this.#read !== undefined
  }

  get rights(): Rights {
    return this.#rights
  }

  may(right: Right): boolean {
    return hasRight(this.#rights, right)
  }

  /** Whether it still may, for who is in the middle of a command: what is held stays as it is. */
  async mayBeRead(): Promise<boolean> {
    return this.#read === undefined || hasRight(await this.#read(), 'r')
  }

  async look(): Promise<void> {
    if (this.#read !== undefined) this.#rights = await this.#read()
  }
}
