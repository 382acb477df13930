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
  mailboxExists: no('ALREADYEXISTS', 'There is a mailbox of this name'),
  badName: no('CANNOT', 'This cannot be the name of a mailbox'),
  inboxStays: no('CANNOT', 'INBOX cannot be deleted'),
  hasChildren: no('HASCHILDREN', 'There are mailboxes below this name'),
  insideItself: no('CANNOT', 'A mailbox cannot come below itself'),
  tooDeep: no('LIMIT', 'Names would be too long or too deep'),
  tooManyMailboxes: no('LIMIT', 'Too many mailboxes'),
  tooManySubscriptions: no('LIMIT', 'Too many subscriptions'),
  useNotPossible: no('USEATTR', 'This special use cannot be given'),
  noSuchQuotaRoot: no('NONEXISTENT', 'No such quota root'),
  quotaIsFixed: no('NOPERM', 'Quotas are set by the operator'),
  serverMetadata: no('NOPERM', 'Shared entries of the server are set by the operator'),
  badEntryName: no('CANNOT', 'This cannot be the name of an entry'),
  metadataTooLarge: (bytesMax: number): Completion =>
    no(`METADATA MAXSIZE ${bytesMax}`, 'The value is too large'),
  tooMuchMetadata: no('METADATA TOOMANY', 'Too many entries'),
  readOnly: no('NOPERM', 'Mailbox is selected read-only'),
  overQuota: no('OVERQUOTA', 'Mailbox is full'),
  messageTooLarge: no('TOOBIG', 'Message too large'),
  emptyMessage: no('CANNOT', 'A message cannot be empty'),
  tooManyMessages: no('LIMIT', 'Too many messages at once'),
  tooManyKeywords: no('LIMIT', 'Too many or too long keywords'),
  noSuchMessage: no('NONEXISTENT', 'No such message'),
  uidRequired: { ...bad('Only UID commands after ENABLE UIDONLY'), code: 'UIDREQUIRED' },
  unknownFlag: bad('No such system flag'),
  unknownEncoding: no('UNKNOWN-CTE', 'Unknown content transfer encoding'),
  unreadable: no('SERVERBUG', 'Some messages could not be read'),
  messagesGone: no('EXPUNGEISSUED', 'Some messages are expunged already'),
  messageGone: no('EXPUNGEISSUED', 'The message is gone'),
  loginFailed: no('AUTHENTICATIONFAILED', 'Login failed'),
  loginThrottled: no('UNAVAILABLE', 'Too many failed logins, try again later'),
  privacyRequired: no('PRIVACYREQUIRED', 'Not without TLS'),
  tooManySessions: no('LIMIT', 'Too many sessions of this account'),
  byeTooManyConnections: 'BYE [UNAVAILABLE] Too many connections',
  byeTooManyErrors: 'BYE Too many errors',
  byeTimeout: 'BYE Idle for too long',
  byeShutdown: 'BYE Server is restarting, please reconnect',
  byeMailboxGone: 'BYE [NONEXISTENT] The selected mailbox was deleted',
  byeLogout: 'BYE See you',
} as const
