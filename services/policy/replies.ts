// Every text a client can get from policy. RFC 3463 statuses; codes as RFC 5321 §4.2.3 wants them.

import type { SmtpReply } from '#shared/contracts/policy.ts'

export const userUnknown = (address: string, code: number): SmtpReply => ({
  code,
  status: code >= 500 ? '5.1.1' : '4.1.1',
  text: `<${address}>: Recipient address rejected: User unknown`,
})

/** As Postfix says it. */
export const relayUserUnknown = (address: string, code: number): SmtpReply => ({
  code,
  status: code >= 500 ? '5.1.1' : '4.1.1',
  text: `<${address}>: Recipient address rejected: User unknown in relay recipient table`,
})

/** `reply`: of the old server that the account is still on. */
export const refusedAtSource = (address: string, reply: string): SmtpReply => ({
  code: 550,
  status: '5.1.1',
  text: `<${address}>: Recipient address rejected: undeliverable address: ${reply}`,
})

/** The old server has not said yet whether there is such an address. */
export const notKnownYet = (address: string): SmtpReply => ({
  code: 450,
  status: '4.1.1',
  text: `<${address}>: Recipient address rejected: unverified address, try again in a minute`,
})

export const userDisabled = (address: string): SmtpReply => ({
  code: 550,
  status: '5.2.1',
  text: `<${address}>: Recipient address rejected: mailbox disabled`,
})

/** RFC 3463 §3.5: X.4.6, routing loop detected. Also for an alias that leads to too many addresses. */
export const aliasLoop = (address: string): SmtpReply => ({
  code: 550,
  status: '5.4.6',
  text: `<${address}>: Recipient address rejected: alias leads to no mailbox`,
})

/** Of one that looks like the sender of mail that we have forwarded. */
export const badBounceAddress = (address: string, why: 'forged' | 'expired'): SmtpReply => ({
  code: 550,
  status: '5.7.1',
  text: `<${address}>: Recipient address rejected: ${why === 'expired' ? 'bounce address has expired' : 'no bounce address of ours'}`,
})

/** Others write to the sender himself. */
export const bouncesOnly = (address: string): SmtpReply => ({
  code: 550,
  status: '5.7.1',
  text: `<${address}>: Recipient address rejected: takes bounces and automatic replies only`,
})

/** RFC 6409 §4.2 has the code. */
export const recipientNotQualified = (address: string): SmtpReply => ({
  code: 554,
  status: '5.1.2',
  text: `<${address}>: Recipient address rejected: need fully-qualified address`,
})

export const senderNotQualified = (address: string): SmtpReply => ({
  code: 554,
  status: '5.1.8',
  text: `<${address}>: Sender address rejected: need fully-qualified address`,
})

export const badRecipient = (address: string): SmtpReply => ({
  code: 553,
  status: '5.1.3',
  text: `<${address}>: Recipient address rejected: not a valid address`,
})

/** As Postfix says it. */
export const senderNotOwned = (sender: string, login: string): SmtpReply => ({
  code: 553,
  status: '5.7.1',
  text: `<${sender}>: Sender address rejected: not owned by user ${login}`,
})

export const senderNotLoggedIn = (sender: string): SmtpReply => ({
  code: 553,
  status: '5.7.1',
  text: `<${sender}>: Sender address rejected: not logged in`,
})

export const authorNotOwned = (author: string, login: string): SmtpReply => ({
  code: 550,
  status: '5.7.1',
  text: `<${author}>: From or Sender header field rejected: not owned by user ${login}`,
})

export const tooManyAuthors: SmtpReply = {
  code: 550,
  status: '5.7.1',
  text: 'From and Sender header fields rejected: too many addresses',
}

export const tooManyFinalRecipients: SmtpReply = {
  code: 452,
  status: '4.5.3',
  text: 'Too many recipients',
}

export const recipientLeadsTooFar = (address: string): SmtpReply => ({
  code: 554,
  status: '5.5.3',
  text: `<${address}>: Recipient address rejected: leads to too many recipients`,
})

/** The mailbox may be emptied soon: come back. */
export const mailboxFull = (address: string): SmtpReply => ({
  code: 452,
  status: '4.2.2',
  text: `<${address}>: mailbox is full`,
})

/** Not even an empty mailbox could take it. */
export const messageExceedsQuota = (address: string): SmtpReply => ({
  code: 552,
  status: '5.2.2',
  text: `<${address}>: message is larger than the mailbox`,
})

export const tooManyHops: SmtpReply = { code: 554, status: '5.4.6', text: 'Too many hops' }

/** As Postfix says it. */
export const forwardingLoop = (address: string): SmtpReply => ({
  code: 554,
  status: '5.4.6',
  text: `mail forwarding loop for ${address}`,
})

export const tryLater: SmtpReply = {
  code: 451,
  status: '4.3.0',
  text: 'Temporary lookup failure, try again later',
}
