// The ManageSieve server.

import { duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MINUTE = 60_000

export const manageSieveSettings = {
  managesieveTimeout: new Setting(duration({ min: 30 * MINUTE, max: 24 * 60 * MINUTE }), {
    default: 30 * MINUTE,
    about: 'How long a session may be silent; RFC 5804 §1.2 asks for at least 30 minutes.',
    known: { dovecot: 'fixed at 30 minutes' },
  }),
  managesieveLoginTimeout: new Setting(duration({ min: 1_000, max: 60 * MINUTE }), {
    default: 3 * MINUTE,
    about: 'How long a session may take to log in.',
    known: { dovecot: 'fixed at 3 minutes' },
  }),
  managesieveAccountConnectionCountLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 10,
    about: 'ManageSieve sessions one account may have open at the same time.',
    known: { dovecot: 'mail_max_userip_connections' },
  }),
} satisfies SettingGroup
