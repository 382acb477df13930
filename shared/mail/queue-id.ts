import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'

/** Names an accepted message in logs, in the queue and, since the spooled object becomes the stored one, its blob. */
export type QueueId = string & { readonly __brand: 'QueueId' }

// Crockford's alphabet: no I, L, O, U, so that an id can be read out on the telephone. Sorts by time.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeCharacters = 10
const randomCharacters = 8

/** A new id: 50 bits of time in ms, then 40 random bits; 18 characters. */
export function newQueueId(nowMs: number): QueueId {
  let id = queueIdTime(nowMs)
  const random = takeRandomBytes(randomCharacters)
  for (const byte of random) id += alphabet[byte & 31]
  return id as QueueId
}

/** What ids made at this time begin with: sorts before them and after all earlier ones. */
export function queueIdTime(ms: number): string {
  let time = ''
  for (let rest = ms, i = 0; i < timeCharacters; i++) {
    time = alphabet[rest % 32] + time
    rest = Math.floor(rest / 32)
  }
  return time
}

/** When the id was made, ms since the epoch. */
export function queueIdMs(id: QueueId): number {
  let ms = 0
  for (const character of id.slice(0, timeCharacters)) ms = ms * 32 + alphabet.indexOf(character)
  return ms
}

/** The id in a string from outside, undefined when it is none. */
export function parseQueueId(text: string): QueueId | undefined {
  return /^[0-9A-HJKMNP-TV-Z]{18}$/.test(text) ? (text as QueueId) : undefined
}
