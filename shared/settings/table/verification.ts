// Address probes, which `reject_unverified_sender` and `reject_unverified_recipient` ask for and nothing else.

import { mailAddress } from '../address-kinds.ts'
import { boolean, duration, integer, text } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const life = duration({ min: 1 * MINUTE, max: 365 * DAY })

export const verificationSettings = {
  addressVerifySender: new Setting(mailAddress, {
    reload: true,
    default: '',
    about: 'Who asks other servers about an address; nothing is the null sender.',
    known: { postfix: 'address_verify_sender' },
  }),
  addressVerifyPollCount: new Setting(integer({ min: 1, max: 20 }), {
    reload: true,
    default: 3,
    about:
      'How often is looked whether a probe has ended; the client waits this many times addressVerifyPollDelay, and is put off when that is over.',
    known: { postfix: 'address_verify_poll_count' },
  }),
  addressVerifyPollDelay: new Setting(duration({ min: 100, max: 1 * MINUTE }), {
    reload: true,
    default: 3 * SECOND,
    about: 'The time between two looks.',
    known: { postfix: 'address_verify_poll_delay' },
  }),
  addressVerifyPositiveExpireTime: new Setting(life, {
    reload: true,
    default: 31 * DAY,
    about: 'How long an address that exists is known to exist.',
    known: { postfix: 'address_verify_positive_expire_time' },
  }),
  addressVerifyPositiveRefreshTime: new Setting(life, {
    reload: true,
    default: 7 * DAY,
    about: 'After which time it is asked about again, while it still counts as existing.',
    known: { postfix: 'address_verify_positive_refresh_time' },
  }),
  addressVerifyNegativeExpireTime: new Setting(life, {
    reload: true,
    default: 3 * DAY,
    about: 'How long the result of a probe that failed is kept.',
    known: { postfix: 'address_verify_negative_expire_time' },
  }),
  addressVerifyNegativeRefreshTime: new Setting(life, {
    reload: true,
    default: 3 * HOUR,
    about:
      'After which time an address whose probe failed is asked about again; after 10 minutes at most where nobody could be asked.',
    known: { postfix: 'address_verify_negative_refresh_time' },
  }),
  addressVerifyNegativeCache: new Setting(boolean, {
    reload: true,
    default: true,
    about: 'Whether results of probes that failed are kept.',
    known: { postfix: 'address_verify_negative_cache' },
  }),
  unverifiedSenderRejectReason: new Setting(text, {
    reload: true,
    default: '',
    about: 'What `reject_unverified_sender` says in place of the words of the other server.',
    known: { postfix: 'unverified_sender_reject_reason' },
  }),
  unverifiedRecipientRejectReason: new Setting(text, {
    reload: true,
    default: '',
    about: 'The same for `reject_unverified_recipient`.',
    known: { postfix: 'unverified_recipient_reject_reason' },
  }),
} satisfies SettingGroup
