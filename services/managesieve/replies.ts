// Every text a ManageSieve client can ever see, but what is wrong with a script. RFC 5804 §1.2; response codes §1.3.

import { formatString } from './strings.ts'

export type Reply = {
  /** Strings and lines before the last line, each with its line end. */
  readonly data?: readonly (string | Uint8Array)[]
  readonly status: 'OK' | 'NO' | 'BYE'
  readonly code?: ResponseCode
  readonly text?: string
  /** The command was none, or not for now. */
  readonly misuse?: true
  readonly after?: 'close' | 'start-tls' | 'go-on-at-source'
}

/** REFERRAL and TRANSITION-NEEDED are for what does not happen here: accounts on other servers, and in other databases. */
export type ResponseCode =
  | 'AUTH-TOO-WEAK'
  | 'ENCRYPT-NEEDED'
  | 'QUOTA'
  | 'QUOTA/MAXSCRIPTS'
  | 'QUOTA/MAXSIZE'
  | 'TRYLATER'
  | 'ACTIVE'
  | 'NONEXISTENT'
  | 'ALREADYEXISTS'
  | 'WARNINGS'
  | { readonly name: 'SASL' | 'TAG'; readonly value: string }

const ok = (text?: string): Reply => ({ status: 'OK', ...(text === undefined ? {} : { text }) })
const no = (text: string, code?: ResponseCode): Reply => ({
  status: 'NO',
  text,
  ...(code === undefined ? {} : { code }),
})
const misuse = (text: string): Reply => ({ ...no(text), misuse: true })
const bye = (text: string, code?: ResponseCode): Reply => ({
  ...no(text, code),
  status: 'BYE',
  after: 'close',
})

/** The last line of a reply, with its end. */
export function formatStatus({ status, code, text }: Reply): string {
  const codeText =
    code === undefined
      ? ''
      : typeof code === 'string'
        ? ` (${code})`
        : ` (${code.name} ${formatString(code.value)})`
  return `${status}${codeText}${text === undefined ? '' : ` ${formatString(text)}`}\r\n`
}

export const replies = {
  ready: (hostname: string) => ok(`${hostname} ManageSieve ready`),
  done: ok(),
  tlsStarted: ok('TLS negotiation successful.'),
  beginTls: { ...ok('Begin TLS negotiation now.'), after: 'start-tls' } satisfies Reply,
  logout: { ...ok('Logout completed.'), after: 'close' } satisfies Reply,
  noop: ok('NOOP completed.'),
  tag: (tag: string): Reply => ({ ...ok('Done.'), code: { name: 'TAG', value: tag } }),
  loggedIn: (saslData: string | undefined): Reply => ({
    ...ok('Logged in.'),
    ...(saslData === undefined ? {} : { code: { name: 'SASL', value: saslData } }),
  }),
  loggedOut: ok('Nobody is logged in now.'),
  withWarnings: (text: string): Reply => ({ ...ok(text), code: 'WARNINGS' }),

  unknownCommand: misuse('Unknown command.'),
  syntax: (expected: string) => misuse(`Expected ${expected}.`),
  loginFirst: misuse('Log in first.'),
  loggedInAlready: misuse('Not possible after a login.'),
  lineTooLong: misuse('The command is too long.'),
  literalTooLarge: misuse('The literal is too large.'),
  // Whoever sends one may wait for something that never comes in this protocol (RFC 5804 §4, literal-c2s).
  synchronisingLiteral: misuse('A literal is announced as {number+} here.'),

  notNow: (why: string) => no(`${why}.`, 'TRYLATER'),
  loggedInAtSource: (words: string): Reply => ({ ...ok(words), after: 'go-on-at-source' }),
  loginFailed: no('Login failed.'),
  loginThrottled: no('Too many failed logins, try again later.', 'TRYLATER'),
  changedMeanwhile: no('Somebody else has changed it, try again.', 'TRYLATER'),
  mechanismUnknown: no('Unknown authentication mechanism.'),
  mechanismNotOffered: no('This mechanism is not offered here.', 'AUTH-TOO-WEAK'),
  encryptionNeeded: no('Use STARTTLS first.', 'ENCRYPT-NEEDED'),
  authCancelled: no('Authentication cancelled.'),
  authMalformed: no('Malformed authentication response.'),
  noInitialResponse: no('This mechanism takes no initial response.'),
  tooManySessions: no('Too many sessions of this account.', 'TRYLATER'),

  tlsActive: misuse('TLS is active already.'),
  tlsUnavailable: no('TLS is not available.'),

  badName: no('This cannot be the name of a script.'),
  emptyScript: no('A script is not empty. SETACTIVE "" turns filtering off.'),
  scriptTooLarge: (max: number) => no(`A script has ${max} bytes at most.`, 'QUOTA/MAXSIZE'),
  tooManyScripts: (max: number) =>
    no(`There are ${max} scripts, which is as many as there may be.`, 'QUOTA/MAXSCRIPTS'),
  noRoom: (max: number) => no(`All scripts together have ${max} bytes at most.`, 'QUOTA'),
  noSuchScript: no('There is no script by that name.', 'NONEXISTENT'),
  scriptExists: no('There is a script by that name already.', 'ALREADYEXISTS'),
  scriptActive: no('This script is active; SETACTIVE another one, or "", first.', 'ACTIVE'),
  scriptRefused: (text: string) => no(text),
  unavailable: no('Not possible for the moment.', 'TRYLATER'),
  noMemory: no('Too much is being sent at once, try again later.', 'TRYLATER'),

  tooManyConnections: bye('Too many connections, try again later.', 'TRYLATER'),
  tooManyFailures: bye('Too many failed logins.'),
  tooManyErrors: bye('Too many commands that are none.'),
  outOfStep: bye('Nobody can tell any more what is a command and what a literal.'),
  timeout: bye('Idle for too long.'),
  shutdown: bye('The server is being restarted.', 'TRYLATER'),
  accountEnded: bye('The account has changed since the login, log in again.'),
} as const
