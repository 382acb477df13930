// How this system speaks to other mail servers: whom it asks in which order, what it calls itself, how long it waits.

import { hostName, nextHops, ownAddress } from '../address-kinds.ts'
import { boolean, choice, duration, ehloKeywords, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

const wait = duration({ min: 1 * SECOND, max: 1 * HOUR })

export const smtpClientSettings = {
  smtpHeloName: new Setting(hostName, {
    reload: true,
    default: '',
    derived: '$hostname',
    about: 'What this system calls itself to other mail servers (EHLO, LHLO).',
    known: { postfix: 'smtp_helo_name' },
  }),
  smtpBindAddress: new Setting(ownAddress(4), {
    reload: true,
    default: '',
    about: 'The IPv4 address that mail leaves from; nothing means whichever the system chooses.',
    known: { postfix: 'smtp_bind_address' },
  }),
  smtpBindAddress6: new Setting(ownAddress(6), {
    reload: true,
    default: '',
    about: 'The IPv6 address that mail leaves from; nothing means whichever the system chooses.',
    known: { postfix: 'smtp_bind_address6' },
  }),
  inetProtocols: new Setting(choice('all', 'ipv4', 'ipv6'), {
    reload: true,
    default: 'all',
    about: 'Which addresses of other mail servers are used.',
    known: { postfix: 'inet_protocols' },
  }),
  smtpAddressPreference: new Setting(choice('any', 'ipv4', 'ipv6'), {
    reload: true,
    default: 'ipv4',
    about:
      'Which addresses of equal mail servers are tried first, any by lot; both kinds take turns. More systems have a good name for their IPv4 address, which others ask for.',
    known: { postfix: 'smtp_address_preference' },
  }),
  smtpMxAddressLimit: new Setting(integer({ min: 1, max: 100 }), {
    reload: true,
    default: 5,
    about: 'Addresses of mail servers that are tried in one delivery.',
    known: { postfix: 'smtp_mx_address_limit' },
  }),
  smtpMxSessionLimit: new Setting(integer({ min: 1, max: 100 }), {
    reload: true,
    default: 2,
    about:
      'Mail servers in one delivery that are told of a message: who refuses a recipient for now is followed by others until so many have.',
    known: { postfix: 'smtp_mx_session_limit' },
  }),
  smtpFallbackRelay: new Setting(nextHops, {
    reload: true,
    default: [],
    about:
      'Hosts that mail is taken to which its own cannot be delivered to now, nor found; not mail that would come back to us. What is wrong with these is no reason to return mail.',
    known: { postfix: 'smtp_fallback_relay' },
  }),
  ignoreMxLookupError: new Setting(boolean, {
    reload: true,
    default: false,
    about:
      'Whether mail for a domain whose MX records cannot be looked up now goes to the domain itself, instead of waiting.',
    known: { postfix: 'ignore_mx_lookup_error' },
  }),
  smtpDiscardEhloKeywords: new Setting(ehloKeywords, {
    reload: true,
    default: [],
    about:
      'Extensions that are not used although other mail servers offer them, such as PIPELINING, CHUNKING or DSN.',
    known: { postfix: 'smtp_discard_ehlo_keywords' },
  }),
  smtpConnectionCacheOnDemand: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether a session is kept for the next message only where deliveries to a destination follow one another within a second; no: always. It is ended after two seconds without one.',
    known: { postfix: 'smtp_connection_cache_on_demand' },
  }),
  smtpConnectionReuseTimeLimit: new Setting(duration({ min: 0, max: 1 * HOUR }), {
    reload: true,
    default: 300 * SECOND,
    about: 'How long a session is used for further messages; 0 means one message in each.',
    known: { postfix: 'smtp_connection_reuse_time_limit' },
  }),
  smtpConnectTimeout: new Setting(wait, {
    reload: true,
    default: 30 * SECOND,
    about: 'How long a connection to another mail server may take.',
    known: { postfix: 'smtp_connect_timeout' },
  }),
  smtpHeloTimeout: new Setting(wait, {
    reload: true,
    default: 300 * SECOND,
    about:
      'How long the greeting of another mail server may take, and its answer to EHLO or HELO (RFC 5321 §4.5.3.2.1).',
    known: { postfix: 'smtp_helo_timeout' },
  }),
  smtpStarttlsTimeout: new Setting(wait, {
    reload: true,
    default: 300 * SECOND,
    about: 'How long the answer to STARTTLS may take, and the handshake of TLS.',
    known: { postfix: 'smtp_starttls_timeout' },
  }),
  smtpMailTimeout: new Setting(wait, {
    reload: true,
    default: 300 * SECOND,
    about: 'How long the answer to MAIL may take (RFC 5321 §4.5.3.2.2), and each step of a login.',
    known: { postfix: 'smtp_mail_timeout' },
  }),
  smtpRcptTimeout: new Setting(wait, {
    reload: true,
    default: 300 * SECOND,
    about: 'How long the answer to RCPT may take (RFC 5321 §4.5.3.2.3).',
    known: { postfix: 'smtp_rcpt_timeout' },
  }),
  smtpDataInitTimeout: new Setting(wait, {
    reload: true,
    default: 120 * SECOND,
    about: 'How long the answer to DATA may take (RFC 5321 §4.5.3.2.4).',
    known: { postfix: 'smtp_data_init_timeout' },
  }),
  smtpDataXferTimeout: new Setting(wait, {
    reload: true,
    default: 180 * SECOND,
    about: 'How long 64 kB of a message may take (RFC 5321 §4.5.3.2.5).',
    known: { postfix: 'smtp_data_xfer_timeout' },
  }),
  smtpDataDoneTimeout: new Setting(wait, {
    reload: true,
    default: 600 * SECOND,
    about:
      'How long the answer to the whole message may take (RFC 5321 §4.5.3.2.6). Who is not waited for gets the message twice.',
    known: { postfix: 'smtp_data_done_timeout' },
  }),
  smtpRsetTimeout: new Setting(wait, {
    reload: true,
    default: 20 * SECOND,
    about: 'How long the answer to RSET may take, with which a session is tried that was kept.',
    known: { postfix: 'smtp_rset_timeout' },
  }),
  smtpQuitTimeout: new Setting(wait, {
    reload: true,
    default: 10 * SECOND,
    about: 'How long another mail server may take to close the connection once the mail is done.',
    known: { postfix: 'smtp_quit_timeout' },
  }),
} satisfies SettingGroup
