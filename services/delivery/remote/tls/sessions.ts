// TLS sessions to resume (RFC 8446 §2.2), which saves both sides most of a handshake. What was proven of a session holds for who resumes
// it: so a session is kept under all that was asked of it, and only where that was proven.

import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { Verdict } from './host-security.ts'

export const TLS_SESSIONS_MAX = 1_000
/** Postfix's smtp_tls_session_cache_timeout: what was proven is proven again after that. */
export const TLS_SESSION_LIFE_MS = 3_600_000
/** A ticket holds the host's certificate; a longer one is not kept. */
export const TLS_SESSION_BYTES_MAX = 16 * 1024

export type TlsSession = {
  readonly bytes: Buffer
  readonly verdict: Verdict
  /** When its host was, in this session or the one that it was resumed from. */
  readonly provenMs: number
}

export interface TlsSessions {
  recall(key: string): TlsSession | undefined
  keep(key: string, session: TlsSession): void
  forget(key: string): void
}

export function createTlsSessions(clock: Pick<Clock, 'now'>): TlsSessions {
  const kept = new Map<string, TlsSession>()
  return {
    recall(key) {
      const session = kept.get(key)
      if (session === undefined) return undefined
      if (clock.now() < session.provenMs + TLS_SESSION_LIFE_MS) return session
      kept.delete(key)
      return undefined
    },
    keep(key, session) {
      if (session.bytes.length > TLS_SESSION_BYTES_MAX) return
      kept.delete(key)
      kept.set(key, session)
      takeOldest(kept, TLS_SESSIONS_MAX)
    },
    forget: (key) => void kept.delete(key),
  }
}
