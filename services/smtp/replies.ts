// Every text that an SMTP client can see, except what policy answers. Codes: RFC 5321 §4.2.3, statuses: RFC 3463 and the
// registry RFC 5248 began.

import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { formatReply, type Reply } from '#shared/smtp/reply.ts'
import type { SyntaxFault } from '#shared/smtp/syntax.ts'
import type { LineEndFault } from '#shared/text/dot-stuffing.ts'

function reply(code: number, status: EnhancedStatus | null, text: string): Reply {
  return { code, status, text }
}

export const replies = {
  greeting: (banner: string) => reply(220, null, banner),
  hello: (hostname: string) => reply(250, null, hostname),
  extensions: (lines: readonly string[]): Reply => ({ code: 250, status: null, text: lines }),
  closing: (hostname: string) => reply(221, '2.0.0', `${hostname} closing connection`),
  ok: reply(250, '2.0.0', 'Ok'),
  help: reply(214, '2.0.0', 'RFC 5321 explains the commands; EHLO lists the extensions'),
  cannotVerify: reply(252, '2.1.5', 'Cannot verify users, but will take mail for them'),
  verified: (address: string) => reply(252, '2.0.0', `<${address}>`),
  startTls: reply(220, '2.0.0', 'Ready to start TLS'),
  sendContent: reply(354, null, 'End data with <CR><LF>.<CR><LF>'),
  senderOk: reply(250, '2.1.0', 'Ok'),
  recipientOk: reply(250, '2.1.5', 'Ok'),
  chunkOk: (bytes: number) => reply(250, '2.0.0', `Ok: ${bytes} octets received`),
  queued: (queueId: string) => reply(250, '2.0.0', `Ok: queued as ${queueId}`),

  heloNeedsName: (verb: string) => reply(501, null, `Syntax: ${verb} hostname or [address]`),
  unknownCommand: reply(500, '5.5.2', 'Command not recognized'),
  notText: reply(500, '5.5.2', 'Command line has control characters or is not UTF-8'),
  lineTooLong: reply(500, '5.5.2', 'Line too long'),
  // As Postfix answers: a line end of another kind could hide a command from somebody in front of us.
  bareLineFeed: reply(521, '5.5.2', 'Bare <LF> received, lines end with <CR><LF> (RFC 5321 2.3.8)'),
  notHttp: reply(521, '5.5.1', 'This is no web server'),
  commandDisabled: reply(502, '5.5.1', 'Command disabled'),
  heloFirst: reply(503, '5.5.1', 'Send HELO or EHLO first'),
  lhloFirst: reply(503, '5.5.1', 'Send LHLO first'),
  nestedMail: reply(503, '5.5.1', 'Sender already specified'),
  mailFirst: reply(503, '5.5.1', 'Send MAIL first'),
  rcptFirst: reply(503, '5.5.1', 'Send RCPT first'),
  noValidRecipients: reply(554, '5.5.1', 'No valid recipients'),
  // RFC 2033 §4.2 has the code.
  noValidLmtpRecipients: reply(503, '5.5.1', 'No valid recipients'),
  chunkingBegun: reply(503, '5.5.1', 'Only BDAT or RSET may follow BDAT'),
  badChunk: reply(501, '5.5.4', 'Syntax: BDAT size [LAST]; closing connection'),

  authenticationRequired: reply(530, '5.7.0', 'Authentication required'),
  tlsRequired: reply(530, '5.7.0', 'Must issue a STARTTLS command first'),
  tlsActive: reply(503, '5.5.1', 'TLS is already active'),
  tlsUnavailable: reply(454, '4.7.0', 'TLS not available due to temporary reason'),
  authNotHere: reply(502, '5.5.1', 'Authentication is not offered here'),
  authNeedsTls: reply(538, '5.7.11', 'Encryption required for requested authentication mechanism'),
  authTwice: reply(503, '5.5.1', 'Already authenticated'),
  authInTransaction: reply(503, '5.5.1', 'AUTH is not permitted during a mail transaction'),
  authUnknownMechanism: reply(504, '5.5.4', 'Unrecognized authentication mechanism'),
  authMalformed: reply(501, '5.5.2', 'Cannot decode authentication response'),
  authCancelled: reply(501, '5.7.0', 'Authentication cancelled'),
  authLineTooLong: reply(500, '5.5.6', 'Authentication exchange line is too long'),
  authChallenge: (text: string) => reply(334, null, text),
  authOk: reply(235, '2.7.0', 'Authentication successful'),
  authRefused: reply(535, '5.7.8', 'Authentication credentials invalid'),
  authUnavailable: reply(454, '4.7.0', 'Temporary authentication failure'),

  unsupportedParameter: (keyword: string) =>
    reply(555, '5.5.4', `${keyword} parameter not recognized`),
  unsupportedBody: reply(501, '5.5.4', 'BODY must be 7BIT or 8BITMIME'),
  tooManyRecipients: reply(452, '4.5.3', 'Too many recipients'),
  tooBig: (limit: number) =>
    reply(552, '5.3.4', `Message size exceeds fixed maximum message size ${limit}`),
  headerTooBig: reply(552, '5.3.4', 'Message header is too long'),
  // As Postfix answers.
  disallowedCharacter: reply(550, '5.7.1', 'Disallowed character in message'),
  signedLineTooLong: (bytes: number, limit: number) =>
    reply(
      554,
      '5.6.0',
      `Line of ${bytes} bytes: no more than ${limit} can be sent on, and folding it would break the signature (RFC 5322 2.1.1)`,
    ),
  temporaryFailure: reply(451, '4.3.0', 'Local error in processing, try again later'),
  insufficientStorage: reply(452, '4.3.1', 'Insufficient system storage'),
  systemFull: reply(451, '4.3.1', 'No room for the message now, try again later'),

  accessDenied: reply(554, '5.7.1', 'Access denied'),
  /** As Postfix says it to whom it refused at the greeting. */
  deniedBefore: (address: string) => reply(503, '5.7.0', `Error: access denied for ${address}`),
  tooManyConnections: reply(421, '4.7.0', 'Too many connections, try again later'),
  // In Postfix's words (smtpd.c).
  tooManyConnectionsFrom: (hostname: string, address: string) =>
    reply(421, '4.7.0', `${hostname} Error: too many connections from ${address}`),
  tooMuchMail: (address: string) => reply(450, '4.7.1', `Error: too much mail from ${address}`),
  tooManyRecipientsFrom: (address: string) =>
    reply(450, '4.7.1', `Error: too many recipients from ${address}`),
  tooManyLogins: (address: string) =>
    reply(450, '4.7.1', `Error: too many AUTH commands from ${address}`),
  tooManyTlsSessions: (address: string) =>
    reply(454, '4.7.0', `Error: too many new TLS sessions from ${address}`),
  tooMuchMailFor: reply(450, '4.7.1', 'Error: too much mail for this recipient, try again later'),
  tooManySessions: reply(421, '4.7.0', 'Error: too many sessions of this account'),
  // RFC 5321 §3.1: 554 in place of the greeting.
  earlyTalker: reply(554, '5.5.1', 'Protocol error: you spoke before the greeting'),
  tooManyErrors: reply(421, '4.7.0', 'Too many errors, closing connection'),
  tooManyUnknownRecipients: reply(421, '4.7.0', 'Too many unknown recipients, try again later'),
  accountEnded: reply(421, '4.7.0', 'The account has changed since the login, log in again'),
  timeout: reply(421, '4.4.2', 'Timeout, closing connection'),
  shuttingDown: reply(421, '4.3.2', 'Service shutting down, closing connection'),
  bug: reply(421, '4.3.0', 'Internal error, closing connection'),
} as const

export const tooManyConnectionsLine = formatReply(replies.tooManyConnections)
export const accessDeniedLine = formatReply(replies.accessDenied)

/** RFC 5321 §2.3.8: "conforming implementations MUST NOT recognize or generate any other" line end; status: RFC 3463 §3.7. */
export function badLineEnd(fault: LineEndFault): Reply {
  const character = fault === 'bare-lf' ? '<LF>' : '<CR>'
  return reply(
    550,
    '5.6.11',
    `Bare ${character} in message, lines end with <CR><LF> (RFC 5321 2.3.8)`,
  )
}

export function syntaxReply(fault: SyntaxFault): Reply {
  switch (fault.kind) {
    case 'command':
      return reply(501, '5.5.4', `Syntax: ${fault.expected}`)
    case 'sender':
      return reply(501, '5.1.7', 'Bad sender address syntax')
    case 'recipient':
      return reply(501, '5.1.3', 'Bad recipient address syntax')
    case 'needs-smtputf8':
      return reply(553, '5.6.7', 'SMTPUTF8 is required for this address')
    case 'unknown-parameter':
      return replies.unsupportedParameter(fault.keyword)
    case 'parameter':
      return reply(501, '5.5.4', `Bad ${fault.keyword} parameter`)
    default:
      return unreachable(fault)
  }
}
