// {PBKDF2}, Dovecot's own form: `$1$<salt>$<rounds>$<40 hex digits>`, HMAC-SHA-1 and the salt as it stands there. Runs on libuv's
// threads.

import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { costUpTo, type PasswordScheme } from './scheme.ts'

const PBKDF2 = /^\$1\$([^$]{1,64})\$([1-9]\d{0,9})\$([0-9a-fA-F]{40})$/
const DIGEST_BYTES = 20

const ITERATIONS_FAST_MAX = 20_000
export const PBKDF2_ITERATIONS_MAX = 1_000_000

const derive = promisify(pbkdf2)

export const pbkdf2Scheme: PasswordScheme = {
  name: 'pbkdf2',
  prefixes: ['PBKDF2'],
  // Without its prefix it looks like MD5 crypt.
  recognises: (hash) => PBKDF2.test(hash),
  cost(hash) {
    const iterations = Number(PBKDF2.exec(hash)?.[2])
    const what = `${iterations} iterations`
    return costUpTo(iterations, {
      fastMax: ITERATIONS_FAST_MAX,
      max: PBKDF2_ITERATIONS_MAX,
      what,
    })
  },
  isCurrent: () => false,
  async verify(hash, password) {
    const [, salt = '', iterations, digest = ''] = PBKDF2.exec(hash) ?? []
    const computed = await derive(password, salt, Number(iterations), DIGEST_BYTES, 'sha1')
    return timingSafeEqual(computed, Buffer.from(digest, 'hex'))
  },
}
