// Texts a client can see that do not belong to one command alone. Response codes: RFC 9051 §7.1, RFC 5530.

import type { Completion } from './command.ts'

const no = (code: string, text: string): Completion => ({ status: 'NO', code, text })
const bad = (text: string): Completion => ({ status: 'BAD', text })

export const replies = {
  unknownCommand: bad('Unknown command'),
  wrongState: (name: string, state: string): Completion =>
    bad(`${name} is not allowed in state ${state}`),
  syntax: (reason: string): Completion => bad(reason),
  tooLong: bad('Command line too long'),
  literalTooLarge: no('TOOBIG', 'Literal too large'),
  unavailable: no('UNAVAILABLE', 'Temporary failure, try again later'),
  bug: no('SERVERBUG', 'Internal server error'),
  noSuchMailbox: no('NONEXISTENT', 'No such mailbox'),
  tryCreate: no('TRYCREATE', 'No such mailbox'),
  notSelectable: no('NONEXISTENT', 'Mailbox only holds other mailboxes'),
  readOnly: no('NOPERM', 'Mailbox is selected read-only'),
  overQuota: no('OVERQUOTA', 'Mailbox is full'),
  loginFailed: no('AUTHENTICATIONFAILED', 'Login failed'),
  loginThrottled: no('UNAVAILABLE', 'Too many failed logins, try again later'),
  privacyRequired: no('PRIVACYREQUIRED', 'Not without TLS'),
  tooManySessions: no('LIMIT', 'Too many sessions of this account'),
  byeTooManyConnections: 'BYE [UNAVAILABLE] Too many connections',
  byeTooManyErrors: 'BYE Too many errors',
  byeTimeout: 'BYE Idle for too long',
  byeShutdown: 'BYE Server is restarting, please reconnect',
  byeLogout: 'BYE See you',
} as const
