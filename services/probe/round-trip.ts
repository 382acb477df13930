// One round trip as a user makes it: a message is submitted over TLS with a login, found in the mailbox over IMAP and removed.
// It goes through everything that must work at once: load balancer, certificate, logins, policy, spool, queue, cleanup, mailbox.
//
// Implementation notes: certificates are verified, so that an expired one fails a round trip as it fails clients. What an earlier
// round trip left behind is removed by the next one that succeeds.

import { randomUUID } from 'node:crypto'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import type { Clock } from '#shared/runtime/clock.ts'

export type ProbedHost = {
  readonly host: string
  readonly submissionsPort: number
  readonly imapsPort: number
}

export type ProbeLogin = { readonly user: string; readonly password: string }

export type RoundTrip =
  | { readonly kind: 'returned'; readonly seconds: number }
  /** `stage` is what did not work. */
  | { readonly kind: 'failed'; readonly stage: Stage; readonly reason: string }
export type Stage = 'submission' | 'imap' | 'delivery'

/** From a submitted message to the mailbox; far above what a system takes that only cleans up after a burst. */
export const DELIVERY_MS_MAX = 120_000
const LOOK_EVERY_MS = 1_000
/** For a connection, a greeting, an answer. */
const ANSWER_MS_MAX = 20_000

export async function makeRoundTrip(
  probed: ProbedHost,
  login: ProbeLogin,
  clock: Clock,
): Promise<RoundTrip> {
  const beganMs = clock.now()
  const messageId = `<probe.${randomUUID()}@${probed.host}>`
  try {
    await submit(probed, login, messageId)
  } catch (error) {
    return fail('submission', error)
  }
  let found: boolean
  try {
    found = await takeFromMailbox(probed, login, messageId, clock)
  } catch (error) {
    return fail('imap', error)
  }
  if (!found) return fail('delivery', `not there after ${DELIVERY_MS_MAX / 1_000} s`)
  return { kind: 'returned', seconds: (clock.now() - beganMs) / 1_000 }
}

async function submit(
  { host, submissionsPort }: ProbedHost,
  { user, password }: ProbeLogin,
  messageId: string,
): Promise<void> {
  const transport = createTransport({
    host,
    port: submissionsPort,
    secure: true,
    auth: { user, pass: password },
    connectionTimeout: ANSWER_MS_MAX,
    greetingTimeout: ANSWER_MS_MAX,
    socketTimeout: ANSWER_MS_MAX,
  })
  try {
    await transport.sendMail({
      from: user,
      to: user,
      subject: SUBJECT,
      messageId,
      headers: { 'Auto-Submitted': 'auto-generated' },
      text: 'This message shows that mail works. It is removed as soon as it has arrived.\n',
    })
  } finally {
    transport.close()
  }
}

const SUBJECT = 'Postwolke round trip'

/** Whether it came in time; then it is removed, and what earlier round trips left. */
async function takeFromMailbox(
  { host, imapsPort }: ProbedHost,
  { user, password }: ProbeLogin,
  messageId: string,
  clock: Clock,
): Promise<boolean> {
  const client = new ImapFlow({
    host,
    port: imapsPort,
    secure: true,
    auth: { user, pass: password },
    logger: false,
    connectionTimeout: ANSWER_MS_MAX,
    greetingTimeout: ANSWER_MS_MAX,
    socketTimeout: ANSWER_MS_MAX,
    disableAutoIdle: true,
  })
  // Told to whoever waits for an answer; without a listener it would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.mailboxOpen('INBOX')
    const endMs = clock.now() + DELIVERY_MS_MAX
    while (!(await matches(client, { header: { 'message-id': messageId } })).length) {
      if (clock.now() >= endMs) return false
      await clock.sleep(LOOK_EVERY_MS)
    }
    const ours = await matches(client, { subject: SUBJECT, from: user })
    await client.messageDelete(ours, { uid: true })
    return true
  } finally {
    await client.logout().catch(() => client.close())
  }
}

async function matches(
  client: ImapFlow,
  query: Parameters<ImapFlow['search']>[0],
): Promise<number[]> {
  const found = await client.search(query, { uid: true })
  return found || []
}

function fail(stage: Stage, error: unknown): RoundTrip {
  return { kind: 'failed', stage, reason: error instanceof Error ? error.message : String(error) }
}
