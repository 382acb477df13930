// The POP3 server.

import { duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MINUTE = 60_000

export const pop3Settings = {
  pop3Timeout: new Setting(duration({ min: 10 * MINUTE, max: 60 * MINUTE }), {
    default: 10 * MINUTE,
    about: 'How long a session may be silent; RFC 1939 §3 asks for at least 10 minutes.',
    known: { dovecot: 'fixed at 10 minutes' },
  }),
  pop3LoginTimeout: new Setting(duration({ min: 1_000, max: 60 * MINUTE }), {
    default: 3 * MINUTE,
    about: 'How long a session may take to log in.',
    known: { dovecot: 'fixed at 3 minutes' },
  }),
  pop3ErrorLimit: new Setting(integer({ min: 1, max: 10_000 }), {
    default: 20,
    about:
      'Commands in error in a row, then a session is ended; one that is none begins a new row.',
  }),
} satisfies SettingGroup
