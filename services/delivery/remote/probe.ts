// Address probes: a session with the server that mail for an address goes to, as far as RCPT. What it says of us (of our EHLO, of the
// sender, or by a status of RFC 3463 §3.8 that it does not want us) says nothing of the address.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { ProbeAddress, ProbeResult } from '#shared/contracts/verify.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import { parseRoute } from '#shared/mail/route.ts'
import type { SlotOf } from '#shared/queue/new-groups.ts'
import { isSendable, mailCommand } from './client/commands.ts'
import { classOf, textOf } from './client/reply.ts'
import { type Session, tellLoss } from './client/session.ts'
import { SessionCache } from './client/session-cache.ts'
import { ConversationLost } from './client/wire.ts'
import type { HopPolicy } from './hop-policy.ts'
import { HostWalk } from './host-walk.ts'
import { whoNamed } from './named-by.ts'
import { Obstacles } from './obstacles.ts'
import { readReply } from './outcome.ts'
import type { SmtpTransportDeps } from './smtp-transport.ts'
import type { Timeouts } from './timeouts.ts'

/** Of connecting, of each reply: a client waits for the answer. */
export const PROBE_TIMEOUT_MS = 30_000

export type ProbeOptions = {
  /** Who asks; '' for the null sender, whom nobody asks about in turn. */
  readonly sender: string
  readonly slotOf: SlotOf
}

export function createProbe(
  deps: SmtpTransportDeps & { readonly options: ProbeOptions },
): ProbeAddress {
  const { options, policyOf } = deps
  // It is polite to ask and go; no message waits for the session.
  const sessions = new SessionCache({ onDemand: true, lifeMs: 0 }, deps.clock)

  /** Undefined where mail for the address goes to nobody who could be asked. */
  async function hopOf(address: string, accountId?: AccountId): Promise<NextHop | undefined> {
    const { sender, slotOf } = options
    const to = { address, sender, ...(accountId && { accountId }) }
    const route = parseRoute(await slotOf(to))
    return typeof route === 'object' && route.kind === 'smtp' ? route.hops[0] : undefined
  }

  async function ask(recipient: string, hop: NextHop): Promise<ProbeResult> {
    const usual = hasty(policyOf(hop))
    const namedBy =
      usual.namedBy === 'recipient' ? whoNamed(hop, [{ address: recipient }]) : usual.namedBy
    const policy: HopPolicy = { ...usual, namedBy }
    const obstacles = new Obstacles()
    const walk = new HostWalk(
      { ...deps, sessions },
      { ...wayOfProbe, place: hop },
      policy,
      obstacles,
    )
    const reached = await walk.next()
    if (reached === undefined) return judgeWay(walk.refusedForGood ?? obstacles.told)
    const sender = canonicalAddress(options.sender)
    return await askInSession(reached.session, { sender, recipient }, policy)
  }

  return async (address, accountId) => {
    const recipient = canonicalAddress(address)
    const hop = isSendable(recipient) ? await hopOf(recipient, accountId) : undefined
    if (hop === undefined) return { kind: 'unknown', reply: `<${address}>: no way to ask` }
    try {
      return await ask(recipient, hop)
    } catch (error) {
      deps.log.error({ error }, 'probe failed')
      return { kind: 'unknown', reply: 'the probe failed' }
    }
  }
}

const wayOfProbe = {
  queueId: 'probe',
  protocol: 'smtp',
  requireTls: false,
  tlsRequiredNo: false,
  ageMs: 0,
} as const

function hasty(policy: HopPolicy): HopPolicy {
  const of = (ms: number) => Math.min(ms, PROBE_TIMEOUT_MS)
  const { connectMs, heloMs, starttlsMs, mailMs, rcptMs } = policy.timeouts
  const timeouts: Timeouts = {
    ...policy.timeouts,
    connectMs: of(connectMs),
    heloMs: of(heloMs),
    starttlsMs: of(starttlsMs),
    mailMs: of(mailMs),
    rcptMs: of(rcptMs),
  }
  return { ...policy, timeouts }
}

/** As far as RCPT, and no message. */
async function askInSession(
  session: Session,
  address: { readonly sender: string; readonly recipient: string },
  { timeouts }: HopPolicy,
): Promise<ProbeResult> {
  try {
    return await askOf(session, address, timeouts)
  } catch (error) {
    if (!(error instanceof ConversationLost)) throw error
    session.confuse()
    return { kind: 'unknown', reply: tellLoss(error, session.name, 'sending RCPT TO').reply }
  } finally {
    session.leave(timeouts.quitMs)
  }
}

async function askOf(
  session: Session,
  { sender, recipient }: { readonly sender: string; readonly recipient: string },
  timeouts: Timeouts,
): Promise<ProbeResult> {
  const { extensions, name, pipelines, wire } = session
  const smtpUtf8 = /[^\x00-\x7f]/.test(sender + recipient)
  if (smtpUtf8 && !extensions.has('SMTPUTF8')) {
    const reply = `SMTPUTF8 is required, but was not offered by host ${name}`
    return { kind: 'unknown', reply }
  }
  const envelope = { sender, dsnReturn: null, dsnEnvelopeId: null, requireTls: false }
  const message = { bytes: undefined, eightBit: false, smtpUtf8 }
  const mail = mailCommand(extensions, envelope, message)
  const rcpt = `RCPT TO:<${recipient}>`
  if (pipelines) wire.write(`${mail}\r\n${rcpt}\r\nRSET\r\n`)
  const ask = async (command: string, timeoutMs: number) => {
    if (!pipelines) wire.write(`${command}\r\n`)
    return await session.reply(timeoutMs)
  }
  const toSender = await ask(mail, timeouts.mailMs)
  if (classOf(toSender) !== 2) {
    const { reply } = readReply(textOf(toSender), name, 'MAIL FROM command')
    return { kind: 'unknown', reply }
  }
  const toRecipient = await ask(rcpt, timeouts.rcptMs)
  const result: ProbeResult =
    classOf(toRecipient) === 2
      ? { kind: 'deliverable' }
      : judgeRefusal(readReply(textOf(toRecipient), name, 'RCPT TO command'))
  // Nobody waits for the answer.
  if (!pipelines) wire.write('RSET\r\n')
  return result
}

/** RFC 3463 §3.8: X.7 is about security and policy. */
const judgeRefusal = ({ kind, status, reply }: Undelivered): ProbeResult => ({
  kind: kind === 'failed' && !status.startsWith('5.7.') ? 'undeliverable' : 'unknown',
  reply,
})

/** RFC 3463 §3.2: X.1 is about the address; §3.5: 5.4.4, no host has an address. That the way leads back to us says nothing. */
function judgeWay(obstacle: Undelivered | undefined): ProbeResult {
  const { kind, status, reply } = obstacle ?? { kind: 'deferred', status: '', reply: 'no host' }
  const isAboutAddress = status.startsWith('5.1.') || status === '5.4.4'
  return { kind: kind === 'failed' && isAboutAddress ? 'undeliverable' : 'unknown', reply }
}
