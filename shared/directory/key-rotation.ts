// When the keys of a domain change their states (RFC 6376 §6.1.2, M3AAWG DKIM Key Rotation): a new key signs once its record was seen, the
// one before it stays published as long as mail that it signed may be under way, and a selector never gets another key.

import type { SigningAlgorithm, SigningKey } from './signing-keys.ts'

/** What the DNS says of the record of a key; unknown: it could not be asked. */
export type Seen = 'published' | 'missing' | 'unknown'

export type RotationOptions = {
  /** How old a key gets before another one is made; 0: none is, ever. */
  readonly dkimKeyRotation: number
}

const DAY_MS = 86_400_000
/** Longer than mail stays in queues, five days here and elsewhere, and the DNS remembers. */
export const RETIRING_MS = 14 * DAY_MS
/** Then nobody remembers the record of the key either. */
export const REVOKED_MS = 30 * DAY_MS

/** The keys as they are now; `seen`: what was found of each selector. */
export function turnKeys(
  keys: readonly SigningKey[],
  seen: ReadonlyMap<string, Seen>,
  nowMs: number,
): readonly SigningKey[] {
  const looked = keys.map((key) => lookedAt(key, seen.get(key.selector) ?? 'unknown', nowMs))
  return looked
    .map((key) => (key.state === 'active' && hasSuccessor(key, looked) ? retire(key, nowMs) : key))
    .map((key) => aged(key, nowMs))
    .filter((key) => !(key.state === 'revoked' && nowMs - key.sinceMs >= REVOKED_MS))
}

function lookedAt(key: SigningKey, found: Seen, nowMs: number): SigningKey {
  const at = found === 'published' ? { ...key, seenMs: nowMs } : key
  if (at.state === 'waiting' && (found === 'published' || at.forced))
    return enter(at, 'active', nowMs)
  // Whoever took the record away, or has not put it there yet: a signature that nobody can check is none.
  if (at.state === 'active' && found === 'missing' && !at.forced) return enter(at, 'waiting', nowMs)
  return at
}

/** The newest one of its algorithm signs. */
const hasSuccessor = (key: SigningKey, keys: readonly SigningKey[]) =>
  keys.some(
    (other) =>
      other.state === 'active' &&
      other.algorithm === key.algorithm &&
      other.selector !== key.selector &&
      (other.createdMs > key.createdMs ||
        (other.createdMs === key.createdMs && other.selector > key.selector)),
  )

function aged(key: SigningKey, nowMs: number): SigningKey {
  const isOver = key.state === 'retiring' && nowMs - key.sinceMs >= RETIRING_MS
  return isOver ? revoke(key, nowMs) : key
}

const enter = (key: SigningKey, state: SigningKey['state'], nowMs: number): SigningKey => ({
  ...key,
  state,
  sinceMs: nowMs,
})

export const retire = (key: SigningKey, nowMs: number): SigningKey => ({
  ...enter(key, 'retiring', nowMs),
  forced: false,
})

/** Nobody signs with it any more, neither we nor who may have read it. */
export const revoke = (key: SigningKey, nowMs: number): SigningKey => ({
  ...retire(key, nowMs),
  state: 'revoked',
  privateKey: new Uint8Array(),
})

/** Of which algorithms a key is to be made now: there is none, or it is old and none waits to follow it. */
export function wantedKeys(
  keys: readonly SigningKey[],
  { dkimKeyRotation }: RotationOptions,
  nowMs: number,
): readonly SigningAlgorithm[] {
  return (['rsa', 'ed25519'] as const).filter((algorithm) => {
    const usable = keys.filter(
      (key) => key.algorithm === algorithm && (key.state === 'waiting' || key.state === 'active'),
    )
    const isYoung = ({ createdMs }: SigningKey) => nowMs - createdMs < dkimKeyRotation
    return dkimKeyRotation === 0
      ? usable.length === 0
      : !usable.some(isYoung) && !usable.some(isWaiting)
  })
}

const isWaiting = ({ state }: SigningKey) => state === 'waiting'

/** `20261130-rsa`, or `-2`, `-3` behind it: RFC 6376 §3.1 wants a name that tells what it is for to those who publish it. */
export function newSelector(
  keys: readonly SigningKey[],
  algorithm: SigningAlgorithm,
  nowMs: number,
): string {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '')
  const taken = new Set(keys.map(({ selector }) => selector))
  const name = `${day}-${algorithm}`
  for (let next = 2; ; next++) {
    const selector = next === 2 && !taken.has(name) ? name : `${name}-${next}`
    if (!taken.has(selector)) return selector
  }
}
