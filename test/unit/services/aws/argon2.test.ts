// Functions hash by Node: the same as containers do by the native package.

import * as native from '@node-rs/argon2'
import { expect, it } from 'vitest'
import { hash, hashRaw } from '#services/aws/argon2.ts'
import { argon2id } from '#shared/auth/schemes/argon2.ts'

const cost = { memoryCost: 64, timeCost: 2, parallelism: 1 }
// No UTF-8.
const password = Buffer.from([0xff, 0x00, 0x61])

it.each([1, 2] as const)('computes what the package computes (algorithm %s)', async (algorithm) => {
  const options = { ...cost, algorithm, salt: Buffer.from('saltsaltsaltsalt'), outputLen: 24 }
  expect(await hashRaw(password, options)).toEqual(await native.hashRaw(password, options))
})

it('makes hashes that are verified with the right password alone', async () => {
  const made = await hash(password, cost)
  expect(made).toMatch(/^\$argon2id\$v=19\$m=64,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await argon2id.verify(made, password)).toBe(true)
  expect(await argon2id.verify(made, Buffer.from('other'))).toBe(false)
})
