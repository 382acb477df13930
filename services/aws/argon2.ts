// argon2 for functions, by Node itself: they have no native packages. The bundles have it in the place of @node-rs/argon2 (cdk/bundles.ts), of
// which this is what shared/auth/schemes/argon2.ts calls. Containers keep the package, which is faster.

import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

type Cost = {
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

const compute = promisify(argon2)
/** The library's numbers. */
const algorithms = { 1: 'argon2i', 2: 'argon2id' } as const
/** RFC 9106 §3.1 recommends both. */
const SALT_BYTES = 16
const TAG_BYTES = 32

export async function hashRaw(
  password: Uint8Array,
  options: Cost & {
    readonly algorithm: keyof typeof algorithms
    readonly salt: Uint8Array
    readonly outputLen: number
  },
): Promise<Buffer> {
  const { algorithm, salt, outputLen, memoryCost, timeCost, parallelism } = options
  return await compute(algorithms[algorithm], {
    message: password,
    nonce: salt,
    tagLength: outputLen,
    memory: memoryCost,
    passes: timeCost,
    parallelism,
  })
}

/** argon2id, as the string that is stored. */
export async function hash(password: Uint8Array, cost: Cost): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await hashRaw(password, { ...cost, algorithm: 2, salt, outputLen: TAG_BYTES })
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  const { memoryCost, timeCost, parallelism } = cost
  const parameters = `m=${memoryCost},t=${timeCost},p=${parallelism}`
  return `$argon2id$v=19$${parameters}$${base64(salt)}$${base64(tag)}`
}
