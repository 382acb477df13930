// The folder digest: a sum over all messages of a hash of (uid, modseq), kept in the folder item by every transaction. A
// reader that has read the messages in several pages proves with it that what it holds is a state that really existed,
// although queries may see transactions half applied; an administrator proves that nothing drifted.

const modulus = 2 ** 48

/** What one message adds, 0 to 2^48-1. */
export function messageDigest(uid: number, modSeq: number): number {
  let a = Math.imul(uid ^ 0x9e3779b9, 0x85ebca6b) ^ (modSeq >>> 0)
  a = Math.imul(a ^ (a >>> 15), 0xc2b2ae35)
  let b = Math.imul((modSeq >>> 0) ^ 0x27d4eb2f, 0x165667b1) ^ Math.floor(modSeq / 2 ** 32) ^ uid
  b = Math.imul(b ^ (b >>> 13), 0x9e3779b1)
  a ^= b >>> 16
  return (a >>> 0) * 65536 + ((b ^ (b >>> 16)) & 0xffff)
}

export const addDigest = (digest: number, message: number) => (digest + message) % modulus
export const subtractDigest = (digest: number, message: number) =>
  (digest - message + modulus) % modulus
