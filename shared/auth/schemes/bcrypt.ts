// bcrypt: $2a$, $2b$, $2y$. Runs on libuv's threads. Only the first 72 bytes of a password count, as everywhere.

import { verify } from '@node-rs/bcrypt'
import type { PasswordScheme } from './scheme.ts'

// Cost 04 to 15; each step doubles the time, and 15 takes more than a second.
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/

export const bcrypt: PasswordScheme = {
  name: 'bcrypt',
  prefixes: ['BLF-CRYPT'],
  recognises: (hash) => BCRYPT.test(hash),
  isCurrent: () => false,
  verify: (hash, password) => verify(password, hash),
}
