// Every text a POP3 client can ever see. RFC 1939 §3, response codes RFC 2449 §8 and RFC 3206.

import type { OpenMessage } from '#shared/contracts/mailbox.ts'

export type Reply =
  | StatusReply
  /** A multi-line reply of short lines that never begin with a dot. */
  | { readonly kind: 'listing'; readonly status: string; readonly lines: Iterable<string> }
  /** A multi-line reply of message bytes; `octets` is what must come, null when any end is right. */
  | {
      readonly kind: 'message'
      readonly status: string
      readonly body: AsyncIterable<Uint8Array>
      readonly octets: number | null
    }
  /** RFC 5034 §4: the next line is no command but the answer to this challenge. */
  | {
      readonly kind: 'challenge'
      readonly status: string
      readonly answer: (line: string) => Reply | Promise<Reply>
    }

export type StatusReply = {
  readonly kind: 'status'
  readonly status: string
  readonly after: 'go-on' | 'close' | 'start-tls' | 'go-on-at-source'
}

/**
 * AUTH: the credentials, or site policy on them (RFC 3206 §4). IN-USE: RFC 2449 §8.1.2. SYS/TEMP and SYS/PERM: trying
 * again later will or will not help, the credentials are not to blame (RFC 3206 §5).
 */
type ResponseCode = 'AUTH' | 'IN-USE' | 'SYS/TEMP' | 'SYS/PERM'

function ok(text: string, after: StatusReply['after'] = 'go-on'): StatusReply {
  return { kind: 'status', status: `+OK ${text}`, after }
}

function error(text: string, code?: ResponseCode): StatusReply {
  const status = code === undefined ? `-ERR ${text}` : `-ERR [${code}] ${text}`
  return { kind: 'status', status, after: 'go-on' }
}

export function thenClose(reply: StatusReply): StatusReply {
  return { ...reply, after: 'close' }
}

export const replies = {
  // Deliberately without `<…>`: a timestamp in the greeting would announce APOP (RFC 1939 §7).
  greeting: (hostname: string) => ok(`${hostname} POP3 ready`),
  tooManyConnections: thenClose(error('too many connections, try again later', 'SYS/TEMP')),

  done: ok('done'),
  bye: ok('bye', 'close'),
  beginTls: ok('begin TLS negotiation', 'start-tls'),
  utf8Enabled: ok('UTF-8 enabled'),
  sendPassword: ok('send PASS'),
  loggedIn: (messages: number, octets: number) => ok(`${messages} messages (${octets} octets)`),
  loggedInAtSource: (words: string) => ok(words, 'go-on-at-source'),
  status: (messages: number, octets: number) => ok(`${messages} ${octets}`),
  single: (line: string) => ok(line),
  deleted: (number: number) => ok(`message ${number} deleted`),

  capabilities: (lines: Iterable<string>): Reply => listing('capability list follows', lines),
  mechanisms: (lines: Iterable<string>): Reply => listing('mechanisms follow', lines),
  scanListing: (messages: number, octets: number, lines: Iterable<string>): Reply =>
    listing(`${messages} messages (${octets} octets)`, lines),
  uniqueIdListing: (lines: Iterable<string>): Reply => listing('unique-id listing follows', lines),
  /** `octets`: with the line end that it gets where it has none. */
  message: (message: OpenMessage, octets: number): Reply => ({
    kind: 'message',
    status: `+OK ${octets} octets`,
    body: message.stream(),
    octets: message.size,
  }),
  top: (body: AsyncIterable<Uint8Array>): Reply => ({
    kind: 'message',
    status: '+OK top of message follows',
    body,
    octets: null,
  }),
  challenge: (data: string, answer: (line: string) => Reply | Promise<Reply>): Reply => ({
    kind: 'challenge',
    status: `+ ${data}`,
    answer,
  }),

  unknownCommand: error('unknown command'),
  wrongState: (state: string) => error(`not valid in ${state} state`),
  syntax: (expected: string) => error(`expected ${expected}`),
  lineTooLong: error('line too long'),
  tooManyErrors: thenClose(error('too many errors')),

  // RFC 3206 §4: [AUTH] covers "violation of site policy" as well.
  plaintextDisabled: error('clear-text login is disabled here, use TLS first', 'AUTH'),
  loginRefused: error('login failed', 'AUTH'),
  loginThrottled: error('too many failed logins, try again later', 'SYS/TEMP'),
  notNow: (why: string) => error(why, 'SYS/TEMP'),
  loginUnavailable: error('login is not possible for the moment', 'SYS/TEMP'),
  accountEnded: error('the account has changed since the login, log in again', 'SYS/TEMP'),
  maildropInUse: error('the maildrop is in use by another session', 'IN-USE'),
  userFirst: error('USER first'),
  apopUnsupported: error('APOP is not supported'),
  unknownMechanism: error('unknown authentication mechanism'),
  authCancelled: error('authentication cancelled'),
  authMalformed: error('malformed authentication response'),

  tlsActive: error('TLS is already active'),
  tlsUnavailable: error('TLS is not available'),
  tlsAfterUtf8: error('STLS is not allowed after UTF8'),

  noSuchMessage: error('no such message'),
  messageDeleted: error('message is deleted'),
  messageUnreadable: error('message is not readable', 'SYS/PERM'),
  unavailable: error('not possible for the moment', 'SYS/TEMP'),
  notAllRemoved: thenClose(error('some deleted messages not removed', 'SYS/TEMP')),
} as const

function listing(text: string, lines: Iterable<string>): Reply {
  return { kind: 'listing', status: `+OK ${text}`, lines }
}
