// The IMAP server.

import { boolean, duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MINUTE = 60_000

export const imapSettings = {
  imapTimeout: new Setting(duration({ min: 30 * MINUTE, max: 24 * 60 * MINUTE }), {
    default: 31 * MINUTE,
    about:
      'How long a session may be silent; RFC 9051 §5.4 asks for at least 30 minutes, and clients renew IDLE every 29.',
    known: { dovecot: 'fixed at 30 minutes' },
  }),
  imapLoginTimeout: new Setting(duration({ min: 1_000, max: 60 * MINUTE }), {
    default: 3 * MINUTE,
    about: 'How long a session may take to log in.',
    known: { dovecot: 'fixed at 3 minutes' },
  }),
  imapLoginFailureLimit: new Setting(integer({ min: 1, max: 100 }), {
    default: 3,
    about:
      'Failed logins of one connection before it is closed, with BYE. How long others have to wait is `authFailureLimit`.',
  }),
  imapConnectionCountLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 5_000,
    about:
      'Connections each IMAP listener serves at the same time; most of them are idle all day long.',
    known: { dovecot: 'client_limit' },
  }),
  imapAccountConnectionCountLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 50,
    about: 'IMAP sessions one account may have open at the same time.',
    known: { dovecot: 'mail_max_userip_connections' },
  }),
  aclAnyone: new Setting(boolean, {
    default: false,
    about:
      'Whether users may open their mailboxes to all accounts at once (`anyone`, `authenticated`); `postwolke acl` always may.',
    known: { dovecot: 'acl_anyone' },
  }),
} satisfies SettingGroup
