// The thread that computes the crypt(3) hashes Node has no native code for: milliseconds each, and half a
// second at most, that the event loop must not wait for. Started by crypt-thread.ts.

import { parentPort } from 'node:worker_threads'
import { bcrypt } from './bcrypt.ts'
import type { CryptAnswer, CryptRequest } from './crypt-thread.ts'
import { desCrypt } from './des-crypt.ts'
import { md5Crypt } from './md5-crypt.ts'
import { shaCrypt } from './sha-crypt.ts'
import { yescrypt } from './yescrypt.ts'

const algorithms = { bcrypt, des: desCrypt, md5: md5Crypt, sha: shaCrypt, yescrypt }

parentPort?.on('message', async ({ id, algorithm, password, hash }: CryptRequest) => {
  const computed = await algorithms[algorithm](password, hash)
  parentPort?.postMessage({ id, computed } satisfies CryptAnswer)
})
