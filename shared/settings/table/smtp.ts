// The SMTP server's limits and manners.

import { senderLogins } from '../address-kinds.ts'
import {
  boolean,
  bytes,
  characters,
  duration,
  fieldNames,
  filePath,
  integer,
  text,
} from '../kinds.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const GIGABYTE = 1024 ** 3
const TERABYTE = 1024 ** 4
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** RFC 5321 §4.5.3.1.5: a reply line has 512 octets, with `220 ` and CRLF. */
const BANNER_BYTES_MAX = 500

const banner: Kind<string> = {
  ...text,
  name: 'banner',
  allowed: `printable ASCII on one line, at most ${BANNER_BYTES_MAX} bytes, the host name first`,
  parse: (value) =>
    /^[\x20-\x7e]+$/.test(value) && value.length <= BANNER_BYTES_MAX ? value : undefined,
}

export const smtpSettings = {
  smtpdBanner: new Setting(banner, {
    default: 'localhost.localdomain ESMTP Postwolke',
    derived: '$hostname ESMTP Postwolke',
    about: 'What the SMTP server greets with; the host name must come first (RFC 5321 §4.2).',
    known: { postfix: 'smtpd_banner', dovecot: 'login_greeting' },
  }),
  smtpdTimeout: new Setting(duration({ min: 1 * SECOND, max: 1 * HOUR }), {
    default: 300 * SECOND,
    about:
      'In this time an SMTP client must complete a command, or send 64 KB of a message (RFC 5321 §4.5.3.2.7).',
    known: { postfix: 'smtpd_timeout' },
  }),
  smtpdRecipientLimit: new Setting(integer({ min: 1, max: 10_000 }), {
    default: 1_000,
    about: 'Recipients of one message; RFC 5321 §4.5.3.1.8 asks for at least 100.',
    known: { postfix: 'smtpd_recipient_limit' },
  }),
  smtpdSoftErrorLimit: new Setting(integer({ min: 1, max: 10_000 }), {
    default: 10,
    about:
      'Errors a client may make in one session without an accepted message between them, before each further reply waits for `smtpdErrorSleepTime`.',
    known: { postfix: 'smtpd_soft_error_limit' },
  }),
  smtpdErrorSleepTime: new Setting(duration({ min: 0, max: 1 * MINUTE }), {
    default: 1 * SECOND,
    about: 'How long a reply to a client with many errors waits.',
    known: { postfix: 'smtpd_error_sleep_time' },
  }),
  smtpdErrorLimit: new Setting(integer({ min: 1, max: 10_000 }), {
    default: 20,
    about:
      'Errors a client may make in one session, without an accepted message between them, before it is disconnected.',
    known: { postfix: 'smtpd_hard_error_limit' },
  }),
  messageFinalRecipientLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    reload: true,
    default: 10_000,
    about:
      'What the recipients of one message may lead to when aliases are followed; beyond it a recipient is answered with 452.',
  }),
  smtpdRejectSenderLoginMismatch: new Setting(boolean, {
    default: true,
    about:
      'Whether who logged in may send as itself only, in the envelope and in the From and Sender of the header: its own address, extensions of it, and aliases that lead to it.',
    known: { postfix: 'reject_sender_login_mismatch' },
  }),
  smtpdSenderLoginMaps: new Setting(senderLogins, {
    reload: true,
    default: [],
    about: 'Logins that may send as further addresses, besides those that are their own.',
    known: { postfix: 'smtpd_sender_login_maps' },
  }),
  smtpdSaslAuthenticatedHeader: new Setting(boolean, {
    default: true,
    about: 'Whether the Received field of a message names the login that sent it.',
    known: { postfix: 'smtpd_sasl_authenticated_header' },
  }),
  smtpdSaslAuthEnable: new Setting(boolean, {
    default: false,
    about:
      'Whether mail clients may log in on the listener `smtp` (port 25) too, as on the others, and then relay; for old clients that know no other port. It brings guessers of passwords there.',
    known: { postfix: 'smtpd_sasl_auth_enable' },
  }),
  brokenSaslAuthClients: new Setting(boolean, {
    default: false,
    about:
      'Whether EHLO lists the mechanisms a second time as `AUTH=…`, which clients from before RFC 2554 look for.',
    known: { postfix: 'broken_sasl_auth_clients' },
  }),
  smtpdTlsAskCcert: new Setting(boolean, {
    default: false,
    about:
      'Whether SMTP clients are asked for a certificate. By itself it permits nothing (`permit_tls_clientcerts` and `relayClientcerts` do): the log and the Received field name it, and whether it was verified. Some clients ask their users which one to send.',
    known: { postfix: 'smtpd_tls_ask_ccert' },
  }),
  smtpdTlsCAfile: new Setting(filePath, {
    default: '',
    about:
      "Certificates of the authorities, PEM, that vouch for clients' certificates. Nothing means the usual public ones; read at the start.",
    known: { postfix: 'smtpd_tls_CAfile' },
  }),
  smtpdHeloRequired: new Setting(boolean, {
    default: true,
    about: 'Whether clients must say HELO or EHLO before MAIL.',
    known: { postfix: 'smtpd_helo_required' },
  }),
  strictRfc821Envelopes: new Setting(boolean, {
    default: false,
    about:
      'Whether addresses in MAIL and RCPT must stand in angle brackets and have no dot after their domain.',
    known: { postfix: 'strict_rfc821_envelopes' },
  }),
  disableVrfyCommand: new Setting(boolean, {
    default: true,
    about:
      'Whether VRFY tells nobody which addresses exist: then it answers 252 to any (RFC 5321 §7.3). Otherwise it says what RCPT would.',
    known: { postfix: 'disable_vrfy_command' },
  }),
  submissionRequireTls: new Setting(boolean, {
    default: true,
    about: 'Whether the submission listener wants STARTTLS before anything else.',
    known: { postfix: 'smtpd_tls_security_level = encrypt' },
  }),
  connectionCountLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 1_000,
    about:
      'Connections each listener serves at the same time; for those of IMAP it is `imapConnectionCountLimit`.',
    known: { postfix: 'default_process_limit', dovecot: 'client_limit' },
  }),
  clientConnectionCountLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 50,
    about:
      'Connections one remote address (IPv6: one /64 network; a /48 ten times as many) may have open at the same time, per listener. SMTP clients in `mynetworks` may have any number.',
    known: {
      postfix: 'smtpd_client_connection_count_limit',
      dovecot: 'mail_max_userip_connections',
    },
  }),
  clientUnknownRecipientLimit: new Setting(integer({ min: 1, max: 1_000_000 }), {
    default: 100,
    about:
      'Recipients that do not exist which one remote address (IPv6: one /64 network), or one login, may ask for within `clientUnknownRecipientWindow`, per listener and process, before its recipients are answered with 421. `mynetworks` may ask for any number.',
  }),
  clientUnknownRecipientWindow: new Setting(duration({ min: 1 * SECOND, max: 24 * HOUR }), {
    default: 10 * MINUTE,
    about: 'Unknown recipients are counted from the first one for this long and then forgotten.',
  }),
  accountMessageLimitPerDay: new Setting(integer({ min: 0, max: 1_000_000_000 }), {
    reload: true,
    default: 2_000,
    about:
      'Messages an account may send in a day (UTC), to whomever; 0 for no limit. Beyond it 450 4.7.1, so that a stolen password does little harm.',
  }),
  accountRecipientLimitPerDay: new Setting(integer({ min: 0, max: 1_000_000_000 }), {
    reload: true,
    default: 5_000,
    about: 'Recipients of all messages an account may send in a day; 0 for no limit.',
  }),
  accountByteLimitPerDay: new Setting(bytes({ min: 0, max: 1024 * TERABYTE }), {
    reload: true,
    default: 2 * GIGABYTE,
    about: 'Size of all messages an account may send in a day; 0 for no limit.',
  }),
  hopcountLimit: new Setting(integer({ min: 1, max: 1_000 }), {
    reload: true,
    default: 100,
    about:
      'Received fields a message may have; one with more is taken for a loop and refused (RFC 5321 §6.3 wants at least 100).',
    known: { postfix: 'hopcount_limit' },
  }),
  messageDropHeaders: new Setting(fieldNames, {
    default: ['bcc', 'content-length', 'resent-bcc', 'return-path'],
    about:
      'Header fields that are left out of every message that comes in by SMTP; what users store in their own mailboxes keeps them.',
    known: { postfix: 'message_drop_headers' },
  }),
  messageStripCharacters: new Setting(characters, {
    default: [],
    about:
      'Characters that are left out of every message that comes in by SMTP, header and body, such as \\0.',
    known: { postfix: 'message_strip_characters' },
  }),
  messageRejectCharacters: new Setting(characters, {
    default: [],
    about: 'Characters for which a message that comes in by SMTP is refused (550 5.7.1).',
    known: { postfix: 'message_reject_characters' },
  }),
  alwaysAddMissingHeaders: new Setting(boolean, {
    default: false,
    about:
      'Whether Date, Message-ID and From are added to every message that lacks them; to what comes from logins and `mynetworks` they always are.',
    known: { postfix: 'always_add_missing_headers, local_header_rewrite_clients' },
  }),
} satisfies SettingGroup
