// Random bytes for names. A call of the system for each few costs more than all else about a name.

import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4_096

const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/** Of the system's generator, each given once. `count` is at most POOL_BYTES. */
export function takeRandomBytes(count: number): Uint8Array {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const taken = pool.slice(used, used + count)
  used += count
  return taken
}
