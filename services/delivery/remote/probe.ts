// Address probes: a session with the server that mail for an address goes to, as far as RCPT. What it says of us (of our EHLO, of the
// sender, or by a status of RFC 3463 §3.8 that it does not want us) says nothing of the address.

import { Readable } from 'node:stream'
import type { SMTPEnvelope, SMTPError } from 'nodemailer/lib/smtp-connection'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { ProbeAddress, ProbeResult } from '#shared/contracts/verify.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import { parseRoute } from '#shared/mail/route.ts'
import type { SlotOf } from '#shared/queue/new-groups.ts'
import type { HopPolicy } from './hop-policy.ts'
import { readReply } from './outcome.ts'
import { parametersFor } from './parameters.ts'
import { leave, type Session } from './session.ts'
import { isSendable, reachHost, type SmtpTransportDeps } from './smtp-transport.ts'

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

  /** Undefined where mail for the address goes to nobody who could be asked. */
  async function hopOf(address: string): Promise<NextHop | undefined> {
    const route = parseRoute(await options.slotOf({ address, sender: options.sender }))
    return typeof route === 'object' && route.kind === 'smtp' ? route.hops[0] : undefined
  }

  async function ask(recipient: string, hop: NextHop): Promise<ProbeResult> {
    const policy = hasty(policyOf(hop))
    const session = await reachHost(deps, { queueId: 'probe', hop }, policy)
    if (session.kind !== 'session') return judgeWay(session)
    return askInSession(session, { sender: canonicalAddress(options.sender), recipient })
  }

  return async (address) => {
    const recipient = canonicalAddress(address)
    const hop = isSendable(recipient) ? await hopOf(recipient) : undefined
    if (hop === undefined) return { kind: 'unknown', reply: `<${address}>: no way to ask` }
    try {
      return await ask(recipient, hop)
    } catch (error) {
      deps.log.error({ error }, 'probe failed')
      return { kind: 'unknown', reply: 'the probe failed' }
    }
  }
}

function hasty(policy: HopPolicy): HopPolicy {
  const { connectMs, greetingMs, commandMs } = policy.timeouts
  const timeouts = {
    ...policy.timeouts,
    connectMs: Math.min(connectMs, PROBE_TIMEOUT_MS),
    greetingMs: Math.min(greetingMs, PROBE_TIMEOUT_MS),
    commandMs: Math.min(commandMs, PROBE_TIMEOUT_MS),
  }
  return { ...policy, timeouts }
}

/** nodemailer keeps its books on the envelope it was given. */
type TrackedEnvelope = SMTPEnvelope & {
  readonly accepted?: readonly string[]
  readonly rejectedErrors?: readonly SMTPError[]
}

async function askInSession(
  session: Session,
  { sender, recipient }: { readonly sender: string; readonly recipient: string },
): Promise<ProbeResult> {
  const { connection, extensions, peer } = session
  const isAscii = !/[^\x00-\x7f]/.test(sender + recipient)
  if (!isAscii && !extensions.has('SMTPUTF8')) {
    leave(connection)
    return { kind: 'unknown', reply: `SMTPUTF8 is required, but was not offered by host ${peer}` }
  }
  const mailing = { recipients: [], dsnReturn: null, dsnEnvelopeId: null }
  connection.parametersOf = parametersFor(session, mailing, !isAscii)
  connection.sendsNoMessage = true
  const envelope: TrackedEnvelope = { from: sender === '' ? false : sender, to: [recipient] }
  const ended = await connection.run((done) => connection.send(envelope, Readable.from([]), done))
  const error = ended.kind === 'error' ? ended.error : undefined
  if (error?.response) leave(connection)
  else connection.close()
  const senderRefused = error?.command === 'MAIL FROM'
  if (envelope.accepted?.includes(recipient) && !senderRefused) return { kind: 'deliverable' }
  const refused = envelope.rejectedErrors?.[0]?.response
  if (refused && !senderRefused) return judgeRefusal(readReply(refused, peer, 'RCPT TO'))
  const said = error?.response && readReply(error.response, peer, error.command).reply
  return { kind: 'unknown', reply: said || `${peer}: ${error?.message ?? 'no answer'}` }
}

/** RFC 3463 §3.8: X.7 is about security and policy. */
const judgeRefusal = ({ kind, status, reply }: Undelivered): ProbeResult => ({
  kind: kind === 'failed' && !status.startsWith('5.7.') ? 'undeliverable' : 'unknown',
  reply,
})

/** RFC 3463 §3.2: X.1 is about the address; §3.5: 5.4.4, no host has an address. That the way leads back to us says nothing. */
const judgeWay = ({ kind, status, reply }: Undelivered): ProbeResult => ({
  kind:
    kind === 'failed' && (status.startsWith('5.1.') || status === '5.4.4')
      ? 'undeliverable'
      : 'unknown',
  reply,
})
