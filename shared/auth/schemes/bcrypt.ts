// bcrypt: $2a$, $2b$, $2y$. Runs on libuv's threads. Only the first 72 bytes of a password count, as everywhere.

import { verify } from '@node-rs/bcrypt'
import { costUpTo, type PasswordScheme } from './scheme.ts'

const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/

/** Each step doubles the time. */
const COST_FAST_MAX = 9
export const BCRYPT_COST_MAX = 13

export const bcrypt: PasswordScheme = {
  name: 'bcrypt',
  prefixes: ['BLF-CRYPT'],
  recognises: (hash) => BCRYPT.test(hash),
  cost(hash) {
    const cost = Number(BCRYPT.exec(hash)?.[1])
    return costUpTo(cost, { fastMax: COST_FAST_MAX, max: BCRYPT_COST_MAX, what: `cost ${cost}` })
  },
  isCurrent: () => false,
  verify: (hash, password) => verify(password, hash),
}
