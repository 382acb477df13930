// Sessions that are kept for the next message to the same place (Postfix's connection cache): for seconds, where deliveries come back to
// back, and never for who asks for something else than they were opened with.

import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { Session } from './session.ts'

/** Connections that wait, to all destinations together. */
export const SESSIONS_KEPT_MAX = 100
/** How long one waits: neighbours of ours need theirs, too. */
export const SESSION_IDLE_MS = 2_000
/** Between two deliveries that are back to back. */
export const BACK_TO_BACK_MS = 1_000
/** Destinations of which it is remembered when mail last went there. */
const DESTINATIONS_MAX = 10_000

export type SessionCacheOptions = {
  /** As Postfix's smtp_connection_cache_on_demand. */
  readonly onDemand: boolean
  /** Since it was opened; 0: none is kept. */
  readonly lifeMs: number
  /** Without a message; default: `SESSION_IDLE_MS`. */
  readonly idleMs?: number
}

type Kept = {
  readonly session: Session
  readonly places: readonly string[]
  readonly security: string
  readonly quitMs: number
  readonly timer: NodeJS.Timeout
}

type Traffic = { running: number; started: number; endedMs: number }

/** One delivery to a destination, from its beginning to its end. */
export interface Visit {
  /** Whether another one is likely to need its session. */
  readonly isFollowed: boolean
  end(): void
}

export class SessionCache {
  readonly #options: SessionCacheOptions
  readonly #clock: Pick<Clock, 'now'>
  readonly #kept = new Map<string, Set<Kept>>()
  readonly #all = new Set<Kept>()
  readonly #traffic = new Map<string, Traffic>()
  #isClosed = false

  constructor(options: SessionCacheOptions, clock: Pick<Clock, 'now'>) {
    this.#options = options
    this.#clock = clock
  }

  get size(): number {
    return this.#all.size
  }

  visit(destination: string): Visit {
    const before = this.#traffic.get(destination)
    const traffic = before ?? { running: 0, started: 0, endedMs: Number.NEGATIVE_INFINITY }
    this.#traffic.delete(destination)
    this.#traffic.set(destination, traffic)
    takeOldest(this.#traffic, DESTINATIONS_MAX)
    const follows = this.#clock.now() - traffic.endedMs <= BACK_TO_BACK_MS
    traffic.running += 1
    traffic.started += 1
    const mine = traffic.started
    const { onDemand } = this.#options
    return {
      get isFollowed() {
        return !onDemand || follows || traffic.running > 1 || traffic.started > mine
      },
      end: () => {
        traffic.running -= 1
        traffic.endedMs = this.#clock.now()
      },
    }
  }

  /** The one that was used last, and its place is empty. Null for nothing. */
  async take(
    place: string,
    securityFor: (session: Session) => Promise<string | undefined>,
  ): Promise<Session | null> {
    for (const kept of [...(this.#kept.get(place) ?? [])].reverse()) {
      const { session } = kept
      if (session.wire.isLost || session.wire.hasPending || this.#isOld(session)) {
        this.#drop(kept)
        continue
      }
      const isAsked = (await securityFor(session)) === kept.security
      // Somebody else may have taken it meanwhile.
      if (!isAsked || !this.#all.has(kept)) continue
      this.#forget(kept)
      return session
    }
    return null
  }

  /** Or says goodbye, where it is not to be used again. */
  keep(session: Session, places: readonly string[], security: string, quitMs: number): void {
    if (this.#isClosed || session.isSpent || this.#isOld(session)) {
      session.leave(quitMs)
      return
    }
    const { idleMs = SESSION_IDLE_MS } = this.#options
    if (this.#all.size >= SESSIONS_KEPT_MAX) {
      const [oldest] = this.#all
      if (oldest !== undefined) this.#drop(oldest)
    }
    const timer = setTimeout(() => this.#drop(kept), idleMs)
    timer.unref()
    const kept: Kept = { session, places, security, quitMs, timer }
    this.#all.add(kept)
    for (const place of places) {
      const there = this.#kept.get(place) ?? new Set()
      this.#kept.set(place, there.add(kept))
    }
    // It hangs up, or says that it will.
    session.wire.onNews(() => this.#drop(kept))
  }

  /** All say goodbye, and none is kept any more. */
  close(): void {
    this.#isClosed = true
    for (const kept of this.#all) this.#drop(kept)
  }

  #isOld({ openedMs }: Session): boolean {
    return this.#clock.now() - openedMs >= this.#options.lifeMs
  }

  #drop(kept: Kept): void {
    if (!this.#all.has(kept)) return
    this.#forget(kept)
    kept.session.leave(kept.quitMs)
  }

  #forget(kept: Kept): void {
    clearTimeout(kept.timer)
    kept.session.wire.onNews(undefined)
    this.#all.delete(kept)
    for (const place of kept.places) {
      const there = this.#kept.get(place)
      there?.delete(kept)
      if (there?.size === 0) this.#kept.delete(place)
    }
  }
}
