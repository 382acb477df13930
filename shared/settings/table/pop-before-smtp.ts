// POP before SMTP, DRAC's role: for clients that cannot log in when they send.

import { networkList } from '../address-kinds.ts'
import { boolean, duration } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MINUTE = 60_000

export const popBeforeSmtpSettings = {
  popBeforeSmtp: new Setting(boolean, {
    default: false,
    about:
      'Whether it is noted from which address somebody logged in by POP3 or IMAP even if no restriction list names `permit_pop_before_smtp`, which lets that address send: for tables that name it. Whoever shares the address may send as well.',
    reload: true,
  }),
  popBeforeSmtpTime: new Setting(duration({ min: 1 * MINUTE, max: 24 * 60 * MINUTE }), {
    default: 30 * MINUTE,
    about: 'How long after a login by POP3 or IMAP its address may send.',
  }),
  popBeforeSmtpExcludedNetworks: new Setting(networkList, {
    default: ['100.64.0.0/10'],
    about:
      "Networks whose addresses may never send for somebody's login there: many people share them, as behind a provider's address translation.",
  }),
} satisfies SettingGroup
