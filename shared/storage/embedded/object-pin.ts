// While a backup copies object files none of them may go: it holds a pin, an entry of the store, and whoever removes the record of an
// object leaves the file where the pin is held. The sweep finds it later. Pin and record are seen in one transaction, so a file that
// the backup's snapshot names is there until the pin is given back. A pin of a process that died ends by itself.

import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import { UnusableStore } from '../unusable-store.ts'
import type { Bytes, Environment } from './environment.ts'

/** A pin that is not renewed for so long holds nothing any more. */
export const PIN_MS = 300_000
const RENEW_EVERY_MS = 60_000
const KEY = Buffer.from('backup')

type Pin = { readonly id: string; readonly untilMs: number; readonly pid: number }

export interface HeldPin extends AsyncDisposable {
  /** Throws where it was not held all the time: the process stood still for too long. */
  confirm(): void
}

export class ObjectPin {
  readonly #environment: Environment
  readonly #about: Bytes
  readonly #clock: Clock

  constructor(environment: Environment, clock: Clock) {
    this.#environment = environment
    this.#about = environment.database('about')
    this.#clock = clock
  }

  /** Inside a transaction, or of what was read last. */
  isHeld(): boolean {
    const found = this.#read()
    return found !== undefined && found.untilMs > this.#clock.now()
  }

  /** Rejects with UnusableStore while another holds it. */
  async hold(): Promise<HeldPin> {
    const id = randomUUID()
    let lapsed = false
    const taken = await this.#environment.commit(() => {
      if (this.isHeld() && !this.#isAbandoned()) return false
      this.#write(id)
      return true
    })
    if (!taken) throw new UnusableStore('another backup of it is being made')
    const renew = () =>
      this.#environment
        .commit(() => {
          lapsed ||= this.#read()?.id !== id || !this.isHeld()
          if (!lapsed) this.#write(id)
        })
        .catch(() => undefined) // tried again before it ends
    const timer = setInterval(renew, RENEW_EVERY_MS).unref()
    return {
      confirm: () => {
        this.#environment.refresh()
        if (lapsed || this.#read()?.id !== id || !this.isHeld()) {
          throw new UnusableStore('the backup stood still for too long; make it again')
        }
      },
      [Symbol.asyncDispose]: async () => {
        clearInterval(timer)
        await this.#environment.commit(() => {
          if (this.#read()?.id === id) this.#about.remove(KEY)
        })
      },
    }
  }

  /** Whoever held it is not here. */
  async forget(): Promise<void> {
    await this.#environment.commit(() => void this.#about.remove(KEY))
  }

  /** Of a process that lmdb knows no more: it was killed. */
  #isAbandoned(): boolean {
    const pid = this.#read()?.pid
    return pid !== undefined && !this.#environment.processes().includes(pid)
  }

  #read(): Pin | undefined {
    const value = this.#about.get(KEY)
    if (value === undefined) return undefined
    const { id, untilMs, pid } = Object(JSON.parse(Buffer.from(value).toString('utf8')))
    return { id: String(id), untilMs: Number(untilMs), pid: Number(pid) }
  }

  #write(id: string): void {
    const untilMs = this.#clock.now() + PIN_MS
    this.#about.put(KEY, Buffer.from(JSON.stringify({ id, untilMs, pid: process.pid })))
  }
}
