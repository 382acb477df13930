// $y$: yescrypt 1.1 (Alexander Peslyak), what Debian, Ubuntu and Fedora hash passwords with. scrypt's structure, with a block mix of
// its own (pwxform) and a memory that is written in both loops. Only what crypt_gensalt of libxcrypt makes is known: flavour `j`
// (YESCRYPT_DEFAULTS), one lane, no further time, no ROM.
//
// Words are kept as the reference does, shuffled for SIMD: word i of a 64-byte block stands for word 5i mod 16 of Salsa20.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { cryptBase64, cryptBase64Bytes, cryptBase64Value } from './crypt-base64.ts'

/** `$y$j`, N and r in one character each, salt of up to 64 bytes, hash of 32. */
export const YESCRYPT =
  /^\$y\$j([./0-9A-Za-j])([./0-9A-Za-j])\$([./0-9A-Za-z]{0,86})\$[./0-9A-Za-z]{43}$/

/** N·r·128 bytes: 16 MiB in Debian's default (`$y$j9T$`). */
export function yescryptMemoryBytes(hash: string): number {
  const { blocks, blockSize } = parametersOf(hash)
  return blocks * blockSize * 128
}

function parametersOf(hash: string) {
  const [, n = '.', r = '.', salt = ''] = YESCRYPT.exec(hash) ?? []
  return { blocks: 2 ** (cryptBase64Value(n) + 1), blockSize: cryptBase64Value(r) + 1, salt }
}

const hashGroups = [
  ...Array.from({ length: 10 }, (_, i) => [3 * i + 2, 3 * i + 1, 3 * i]),
  [31, 30],
]

/** The whole hash for the parameters and salt of another one. */
export function yescrypt(password: Uint8Array, hash: string): string {
  const { blocks, blockSize, salt } = parametersOf(hash)
  const setting = hash.slice(0, hash.lastIndexOf('$') + 1)
  const derived = derive(password, cryptBase64Bytes(salt), blocks, blockSize)
  return `${setting}${cryptBase64(derived, hashGroups)}`
}

/** From this much work on the password is hashed with a 64th of the memory first. */
const PREHASH_BLOCKS_MIN = 0x100
const PREHASH_WORK_MIN = 0x20000

function derive(password: Uint8Array, salt: Uint8Array, n: number, r: number): Buffer {
  const prehashes = n >= PREHASH_BLOCKS_MIN && n * r >= PREHASH_WORK_MIN
  const secret = prehashes ? body(password, salt, n >> 6, r, 'yescrypt-prehash') : password
  const derived = body(secret, salt, n, r, 'yescrypt')
  // As SCRAM makes its stored key (RFC 5802 §3).
  return createHash('sha256')
    .update(hmac(derived, Buffer.from('Client Key')))
    .digest()
}

function body(
  password: Uint8Array,
  salt: Uint8Array,
  n: number,
  r: number,
  name: 'yescrypt' | 'yescrypt-prehash',
): Buffer {
  const hashed = hmac(Buffer.from(name), password)
  const bytes = pbkdf2Sync(hashed, salt, 1, 128 * r, 'sha256')
  const block = Int32Array.from({ length: 32 * r }, (_, i) => bytes.readInt32LE(4 * i))
  const boxes = new SubstitutionBoxes(block.subarray(0, 32))
  const key = hmac(littleEndian(block.subarray(-16)), bytes.subarray(0, 32))
  mix(block, n, r, boxes)
  return pbkdf2Sync(key, littleEndian(block), 1, 32, 'sha256')
}

function littleEndian(words: Int32Array): Buffer {
  const bytes = Buffer.alloc(4 * words.length)
  for (const [i, word] of words.entries()) bytes.writeInt32LE(word, 4 * i)
  return bytes
}

const hmac = (key: Uint8Array, data: Uint8Array): Buffer =>
  createHmac('sha256', key).update(data).digest()

// ------------------------------------------------------------------------------------------- the mix

/** Words of one block of Salsa20, and of one of pwxform. */
const WORDS = 16

function shuffle(block: Int32Array): Int32Array {
  return block.map((_, i) => block[(i & ~15) + (((i & 15) * 5) & 15)] ?? 0)
}

function unshuffle(words: Int32Array, block: Int32Array): void {
  for (let i = 0; i < words.length; i += 1) block[(i & ~15) + (((i & 15) * 5) & 15)] = words[i] ?? 0
}

/** SMix with the memory written in the first loop and again in the second, which is a third as long (rounded up to even). */
function mix(block: Int32Array, n: number, r: number, boxes: SubstitutionBoxes): void {
  const size = 32 * r
  const memory = new Int32Array(size * n)
  const x = shuffle(block)
  const last = size - WORDS
  for (let i = 0; i < n; i += 1) {
    memory.set(x, i * size)
    if (i > 1) xor(x, memory, wrap(x[last] ?? 0, i) * size)
    boxes.mixBlock(x)
  }
  const loops = Math.floor((n + 2) / 3)
  for (let i = 0; i < loops + (loops & 1); i += 1) {
    const at = ((x[last] ?? 0) & (n - 1)) * size
    xor(x, memory, at)
    memory.set(x, at)
    boxes.mixBlock(x)
  }
  unshuffle(x, block)
}

/** An index among the blocks written so far, the newer half (by powers of two) the likelier. */
function wrap(word: number, count: number): number {
  const power = 2 ** (31 - Math.clz32(count))
  return (word & (power - 1)) + (count - power)
}

function xor(words: Int32Array, memory: Int32Array, at: number): void {
  for (let k = 0; k < words.length; k += 1) words[k] = (words[k] ?? 0) ^ (memory[at + k] ?? 0)
}

// ------------------------------------------------------------------------------------------ pwxform

const ROUNDS = 6
const GATHER = 4
/** Words of one of the three boxes: 256 entries of two 64-bit values. */
const BOX_WORDS = 1_024
/** The bits of a word that choose an entry, as an offset in words. */
const ENTRY_MASK = 0xff0

/** pwxform's three boxes, which change places and are rewritten as they are used. */
class SubstitutionBoxes {
  readonly #boxes = new Int32Array(3 * BOX_WORDS)
  /** Offsets of S0, S1 and S2. */
  #s0 = 2 * BOX_WORDS
  #s1 = BOX_WORDS
  #s2 = 0
  #written = 0

  /** Filled by scrypt's own mix over the first 128 bytes, which it changes. */
  constructor(block: Int32Array) {
    const x = shuffle(block)
    for (let i = 0; i < this.#boxes.length; i += x.length) {
      this.#boxes.set(x, i)
      mixSalsa(x)
    }
    unshuffle(x, block)
  }

  /** BlockMix with pwxform: every 64 bytes depend on those before them, the last ones go through Salsa20/2. */
  mixBlock(block: Int32Array): void {
    const last = block.length - WORDS
    const x = block.slice(last)
    for (let at = 0; at <= last; at += WORDS) {
      for (let k = 0; k < WORDS; k += 1) x[k] = (x[k] ?? 0) ^ (block[at + k] ?? 0)
      this.#transform(x)
      block.set(x, at)
    }
    salsa(block, last, 2)
  }

  #transform(x: Int32Array): void {
    const boxes = this.#boxes
    const s0 = this.#s0
    const s1 = this.#s1
    const s2 = this.#s2
    let written = this.#written
    for (let round = 0; round < ROUNDS; round += 1) {
      const writes = round !== 0 && round !== ROUNDS - 1
      for (let lane = 0; lane < GATHER; lane += 1) {
        const first = 4 * lane
        const p0 = s0 + (((x[first] ?? 0) & ENTRY_MASK) >> 2)
        const p1 = s1 + (((x[first + 1] ?? 0) & ENTRY_MASK) >> 2)
        for (let k = 0; k < 4; k += 2) {
          const low = x[first + k] ?? 0
          const high = x[first + k + 1] ?? 0
          // The upper half of the product of both words, from 16-bit parts: no sum here exceeds 32 bits.
          const lowLow = Math.imul(low & 0xffff, high & 0xffff)
          const middle = (Math.imul(low >>> 16, high & 0xffff) + (lowLow >>> 16)) | 0
          const crossed = (Math.imul(low & 0xffff, high >>> 16) + (middle & 0xffff)) | 0
          const upper = Math.imul(low >>> 16, high >>> 16) + (middle >>> 16) + (crossed >>> 16)
          const added = boxes[p0 + k] ?? 0
          const sum = (Math.imul(low, high) + added) | 0
          const carry = sum >>> 0 < added >>> 0 ? 1 : 0
          const newLow = sum ^ (boxes[p1 + k] ?? 0)
          const newHigh = (upper + (boxes[p0 + k + 1] ?? 0) + carry) ^ (boxes[p1 + k + 1] ?? 0)
          x[first + k] = newLow
          x[first + k + 1] = newHigh
          if (!writes) continue
          boxes[s2 + written] = newLow
          boxes[s2 + written + 1] = newHigh
          written += 2
        }
      }
    }
    this.#s0 = s2
    this.#s1 = s0
    this.#s2 = s1
    this.#written = written & (BOX_WORDS - 1)
  }
}

// ------------------------------------------------------------------------------------------ Salsa20

/** scrypt's BlockMix of 128 bytes (RFC 7914 §4). */
function mixSalsa(x: Int32Array): void {
  for (let k = 0; k < WORDS; k += 1) x[k] = (x[k] ?? 0) ^ (x[WORDS + k] ?? 0)
  salsa(x, 0, 8)
  for (let k = 0; k < WORDS; k += 1) x[WORDS + k] = (x[WORDS + k] ?? 0) ^ (x[k] ?? 0)
  salsa(x, WORDS, 8)
}

const scratch = new Int32Array(WORDS)

/** The Salsa20 core in place (RFC 7914 §3, with the number of rounds). */
function salsa(words: Int32Array, at: number, rounds: 2 | 8): void {
  const x = scratch
  for (let i = 0; i < WORDS; i += 1) x[(i * 5) & 15] = words[at + i] ?? 0
  for (let round = 0; round < rounds; round += 2) {
    quarter(x, 0, 4, 8, 12)
    quarter(x, 5, 9, 13, 1)
    quarter(x, 10, 14, 2, 6)
    quarter(x, 15, 3, 7, 11)
    quarter(x, 0, 1, 2, 3)
    quarter(x, 5, 6, 7, 4)
    quarter(x, 10, 11, 8, 9)
    quarter(x, 15, 12, 13, 14)
  }
  for (let i = 0; i < WORDS; i += 1) words[at + i] = (words[at + i] ?? 0) + (x[(i * 5) & 15] ?? 0)
}

function quarter(x: Int32Array, a: number, b: number, c: number, d: number): void {
  x[b] = (x[b] ?? 0) ^ rotate((x[a] ?? 0) + (x[d] ?? 0), 7)
  x[c] = (x[c] ?? 0) ^ rotate((x[b] ?? 0) + (x[a] ?? 0), 9)
  x[d] = (x[d] ?? 0) ^ rotate((x[c] ?? 0) + (x[b] ?? 0), 13)
  x[a] = (x[a] ?? 0) ^ rotate((x[d] ?? 0) + (x[c] ?? 0), 18)
}

const rotate = (sum: number, bits: number): number => (sum << bits) | (sum >>> (32 - bits))
