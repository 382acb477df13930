// Secrets that we make ourselves: 192 random bits or more, so that one hash of them is enough (nobody guesses them, and no dictionary has
// them). Only the hash is kept, and it is compared in constant time.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export type RandomBytes = (count: number) => Uint8Array

export const systemRandom: RandomBytes = randomBytes

export const hashOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url')

export function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

export const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
