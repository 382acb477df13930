// How often clients and accounts may do what, and what tells that an account is in other hands. 0 is no limit.

import { networkList } from '../address-kinds.ts'
import { bytes, choice, duration, filePath, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const GIGABYTE = 1024 ** 3
const TERABYTE = 1024 ** 4

const count = integer({ min: 0, max: 1_000_000 })

export const rateSettings = {
  anvilRateTimeUnit: new Setting(duration({ min: 1 * SECOND, max: 1 * DAY }), {
    default: 60 * SECOND,
    about:
      'The time that rates are meant for. A limit is a bucket that holds so many events and is filled again evenly in this time; all processes share it, and each may give a tenth of it more before it hears of the others.',
    known: { postfix: 'anvil_rate_time_unit' },
  }),
  smtpdClientConnectionRateLimit: new Setting(count, {
    default: 300,
    about:
      'Connections that one client (an IPv4 address or an IPv6 /64) may make in `anvilRateTimeUnit`, to all SMTP listeners; beyond it 421 4.7.0 in place of the greeting. 0 for no limit.',
    known: { postfix: 'smtpd_client_connection_rate_limit' },
  }),
  smtpdClientMessageRateLimit: new Setting(count, {
    default: 600,
    about:
      'Messages that one client may begin in `anvilRateTimeUnit`; beyond it MAIL gets 450 4.7.1. 0 for no limit.',
    known: { postfix: 'smtpd_client_message_rate_limit' },
  }),
  smtpdClientRecipientRateLimit: new Setting(count, {
    default: 3_000,
    about:
      'Recipients that one client may name in `anvilRateTimeUnit`; beyond it RCPT gets 450 4.7.1. 0 for no limit.',
    known: { postfix: 'smtpd_client_recipient_rate_limit' },
  }),
  smtpdClientNewTlsSessionRateLimit: new Setting(count, {
    default: 300,
    about:
      'TLS handshakes that one client may make in `anvilRateTimeUnit`; beyond it STARTTLS gets 454 4.7.0, and a connection that begins with TLS is closed. 0 for no limit.',
    known: { postfix: 'smtpd_client_new_tls_session_rate_limit' },
  }),
  smtpdClientAuthRateLimit: new Setting(count, {
    default: 0,
    about:
      'AUTH commands that one client may give in `anvilRateTimeUnit`, right or wrong; beyond it 450 4.7.1. No limit unless one is set: it would let whoever shares an address with a user lock him out, and wrong ones are held back without that (`authFailureLimit`).',
    known: { postfix: 'smtpd_client_auth_rate_limit' },
  }),
  smtpdClientByteRateLimit: new Setting(bytes({ min: 0, max: 1 * TERABYTE }), {
    default: 2 * GIGABYTE,
    about:
      'What the messages of one client may have in `anvilRateTimeUnit`, taken or not; beyond it MAIL gets 450 4.7.1. 0 for no limit.',
  }),
  smtpdClientErrorRateLimit: new Setting(count, {
    default: 100,
    about:
      'Replies of 5xx to one client in `anvilRateTimeUnit`, over all its sessions, before each further reply to it waits for `smtpdErrorSleepTime`, as in a session with `smtpdSoftErrorLimit` errors. 0 for no limit.',
  }),
  smtpdNetworkRateFactor: new Setting(integer({ min: 0, max: 1_000 }), {
    default: 8,
    about:
      'How many times as much as one client the network around it (an IPv4 /24 or an IPv6 /48) may do, of each of these; 0 for no limit.',
  }),
  smtpdClientEventLimitExceptions: new Setting(networkList, {
    default: ['127.0.0.0/8', '::1/128'],
    about:
      'Clients for which no rate holds and no greeting is held back, besides `mynetworks`. What accounts may do is not lifted.',
    known: { postfix: 'smtpd_client_event_limit_exceptions' },
  }),
  smtpdAccountMessageRateLimit: new Setting(count, {
    default: 100,
    about:
      'Messages that one account may begin in `anvilRateTimeUnit`, from wherever; beyond it MAIL gets 450 4.7.1. 0 for no limit; `accountMessageLimitPerDay` holds besides.',
  }),
  smtpdAccountRecipientRateLimit: new Setting(count, {
    default: 1_000,
    about:
      'Recipients that one account may name in `anvilRateTimeUnit`; beyond it RCPT gets 450 4.7.1. 0 for no limit.',
  }),
  smtpdAccountConnectionCountLimit: new Setting(integer({ min: 0, max: 1_000_000 }), {
    default: 50,
    about:
      'SMTP sessions that one account may have open at the same time in one process; beyond it AUTH gets 421 4.7.0. 0 for no limit.',
  }),
  smtpdSenderDomainMessageRateLimit: new Setting(count, {
    default: 0,
    about:
      'Messages with envelope senders of one domain that are taken in `anvilRateTimeUnit`, from whomever; beyond it MAIL gets 450 4.7.1. No limit unless one is set: anybody can write any domain, and the large providers send from one.',
  }),
  smtpdRecipientMessageRateLimit: new Setting(count, {
    default: 0,
    about:
      'Messages that are taken for one recipient in `anvilRateTimeUnit`; beyond it RCPT gets 450 4.7.1. No limit unless one is set: it also puts off what he waits for.',
  }),
  smtpdGreetPause: new Setting(duration({ min: 0, max: 1 * MINUTE }), {
    default: 0,
    about:
      'How long the greeting is held back from strangers on the listener `smtp`, to see who speaks first (RFC 5321 §3.1). Without a pause only what has come already when the greeting is ready is seen, which delays nobody.',
    known: { postfix: 'postscreen_greet_wait' },
  }),
  smtpdGreetAction: new Setting(choice('ignore', 'flag', 'drop'), {
    default: 'drop',
    about:
      'What becomes of a stranger who speaks before the greeting: `drop` answers 554 5.5.1 and closes, `flag` goes on and has `reject_unauth_pipelining` and scores know of it.',
    known: { postfix: 'postscreen_greet_action' },
  }),
  compromisedAccountAction: new Setting(choice('ignore', 'log', 'freeze'), {
    reload: true,
    default: 'log',
    about:
      'What becomes of an account that behaves as if its password were stolen: `log` writes an error, `freeze` also ends its sending and holds what it has in the queue (`postwolke account unfreeze`). Only logged unless set: what is usual for an account only its administrator knows, and the limits per day hold in any case.',
  }),
  accountNewDestinationLimit: new Setting(count, {
    reload: true,
    default: 50,
    about:
      'Domains that an account has not written to in the last 180 days and may write to within `accountSuspicionWindow`; more of them are suspicious. 0 for no limit.',
  }),
  accountBounceLimit: new Setting(count, {
    reload: true,
    default: 50,
    about:
      "Recipients of an account's mail that other servers may refuse for good within `accountSuspicionWindow`; more of them are suspicious. 0 for no limit.",
  }),
  accountCountryLimit: new Setting(integer({ min: 0, max: 250 }), {
    default: 3,
    about:
      'Countries from which an account may log in within `accountSuspicionWindow`; more of them are suspicious. Needs `geoipDatabase`; 0 for no limit.',
  }),
  accountSuspicionWindow: new Setting(duration({ min: 1 * MINUTE, max: 7 * DAY }), {
    default: 1 * HOUR,
    about: 'The time that the three limits before this one are meant for.',
  }),
  geoipDatabase: new Setting(filePath, {
    default: '',
    about:
      'A file in the MaxMind DB format that tells the country of an address. Nothing means that no countries are looked at; read at the start.',
  }),
} satisfies SettingGroup
