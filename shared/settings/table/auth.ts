// Logins: what may cross the wire, and how guessing is slowed down.

import { networkList } from '../address-kinds.ts'
import { boolean, choice, choices, duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const mechanisms = [
  'PLAIN',
  'LOGIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-256-PLUS',
  'OAUTHBEARER',
  'XOAUTH2',
] as const

export const authSettings = {
  authMechanisms: new Setting(choices(...mechanisms), {
    default: mechanisms,
    about:
      'SASL mechanisms offered. An account whose password hash was imported can use SCRAM only after it has logged in once with its password; a site that moves here with clients that insist on SCRAM offers PLAIN and LOGIN alone for a while. OAUTHBEARER and XOAUTH2 are offered where `oidcIssuer` is set, inside TLS.',
    known: { dovecot: 'auth_mechanisms' },
  }),
  disablePlaintextAuth: new Setting(choice('yes', 'no', 'loopback-allowed'), {
    default: 'yes',
    about:
      'Whether passwords are refused on connections without TLS; `loopback-allowed` lets clients on this machine send them. SCRAM-SHA-256, which never sends the password, is allowed all the same.',
    known: { postfix: 'smtpd_tls_auth_only', dovecot: 'disable_plaintext_auth' },
  }),
  authCacheTime: new Setting(duration({ min: 0, max: 1 * HOUR }), {
    default: 5 * MINUTE,
    about:
      'How long a password that was right is remembered, in memory only; a changed password or a disabled account is noticed at once all the same.',
    known: { dovecot: 'auth_cache_ttl' },
  }),
  authFailureDelay: new Setting(duration({ min: 0, max: 1 * MINUTE }), {
    default: 2 * SECOND,
    about:
      'A wrong login is answered no sooner than this after it came, whatever was wrong with it; what takes longer, after a multiple of it. Shorter than 1 s it shows by its time where an account with a slow imported hash is.',
    known: { dovecot: 'auth_failure_delay' },
  }),
  authFailureLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 10,
    about:
      'Failed logins to one account from one network (an IPv4 address or an IPv6 /64) within `authFailureWindow` before this network has to wait with this account. Nobody else waits.',
  }),
  authFailureLimitPerAddress: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 20,
    about:
      'Failed logins from one network to any accounts within `authFailureWindow` before it has to wait with all of them; of an IPv6 /48, 16 times as many. Accounts that logged in from there in the last 90 days do not wait, and their failures do not count.',
  }),
  authFailureLimitPerAccount: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 30,
    about:
      'Failed logins to one account from all networks together within `authFailureWindow` before it has to wait. Networks from which it logged in in the last 90 days do not wait, and their failures do not count.',
  }),
  authFailureWindow: new Setting(duration({ min: 1 * SECOND, max: 1 * DAY }), {
    default: 15 * MINUTE,
    about: 'Failed logins are counted from the first one for this long and then forgotten.',
  }),
  authMinimalBackoffTime: new Setting(duration({ min: 1 * SECOND, max: 1 * DAY }), {
    default: 30 * SECOND,
    about:
      'How long logins are refused untried when a failure limit is reached; each further failure doubles it.',
    known: { dovecot: 'auth_penalty' },
  }),
  authMaximalBackoffTime: new Setting(duration({ min: 1 * SECOND, max: 1 * DAY }), {
    default: 15 * MINUTE,
    about: 'The longest time logins are refused untried.',
    known: { dovecot: 'auth_penalty' },
  }),
  passwordWithSecondFactor: new Setting(boolean, {
    default: false,
    about:
      'Whether the password of an account that has a second factor (TOTP or a passkey) still logs in to IMAP, POP3, SMTP and ManageSieve, where nobody can be asked for the factor. Otherwise only app passwords do, and tokens of `oidcIssuer`.',
  }),
  frontLearnsPasswords: new Setting(boolean, {
    default: false,
    about:
      'Whether the password of an account that is still on its old server (`postwolke front`) is its password here from then on, once that server has let it in: for accounts whose hashes could not be moved. Only its hash is kept. That server decides then who logs in here, to the console too.',
  }),
  authTrustedNetworks: new Setting(networkList, {
    default: [],
    about:
      'Networks from which failed logins are neither counted nor held back: a webmail or a gateway of yours, behind which all users have one address and which slows guessing down itself. This machine is none of them unless it is listed.',
    known: { dovecot: 'login_trusted_networks' },
  }),
} satisfies SettingGroup
