// Amazon SES as a way out, by its API (SendEmail, raw). As many at once as the account's rate allows: SES says how many it takes in a
// second, and each process that sends keeps to its part of it.

import { GetAccountCommand, SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2'
import {
  createSesTransport,
  type SendToSes,
  SesRefusal,
} from '#services/delivery/remote/ses-transport.ts'
import type { Transport } from '#services/delivery/remote/transport.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { requestTimeouts } from './request-timeouts.ts'

/** The rate of an account changes seldom. */
const RATE_KEPT_MS = 60 * 60_000
/** A new account's, where SES does not tell. */
const RATE_UNKNOWN_PER_SECOND = 1
/** What is waited for a turn; then the mail is deferred. */
const TURN_MAX_MS = 30_000

const throttled: ReadonlySet<string> = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'LimitExceededException',
])
/** The account's or the identity's state, and no fault of the message. */
const unavailable: ReadonlySet<string> = new Set([
  'AccountSuspendedException',
  'SendingPausedException',
  'MailFromDomainNotVerifiedException',
  'NotFoundException',
  'AccessDeniedException',
])
const refused: ReadonlySet<string> = new Set(['MessageRejected', 'BadRequestException'])

export type SesOptions = {
  readonly region: string
  /** Where it is in tests. */
  readonly endpoint?: string | undefined
  /** Processes that may send at the same time: each takes its part of the rate. */
  readonly senders: number
}

/** SES in each region that mail is sent by, opened when it is first asked for. `senders`: processes that may send at the same time. */
export function createSesWays(
  options: { readonly ownRegion: string; readonly senders: number },
  deps: { readonly clock: Clock; readonly log: Log },
): (region: string) => Transport {
  const { ownRegion, senders } = options
  const open = new Map<string, Transport>()
  return (given) => {
    const region = given || ownRegion
    const known = open.get(region)
    if (known !== undefined) return known
    const send = openSes({ region, senders }, deps)
    const transport = createSesTransport({ send, region })
    open.set(region, transport)
    return transport
  }
}

export function openSes(
  options: SesOptions,
  deps: { readonly clock: Clock; readonly log: Log },
): SendToSes {
  const { clock, log } = deps
  const client = new SESv2Client({
    region: options.region,
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    requestHandler: requestTimeouts,
  })
  let rate: { readonly perSecond: number; readonly untilMs: number } | undefined
  let nextTurnMs = 0

  async function ratePerSecond(): Promise<number> {
    if (rate !== undefined && clock.now() < rate.untilMs) return rate.perSecond
    const found = await client
      .send(new GetAccountCommand({}))
      .then(({ SendQuota }) => SendQuota?.MaxSendRate)
      .catch((error) => {
        log.warn({ error }, 'rate of SES not known')
        return undefined
      })
    const perSecond = found !== undefined && found > 0 ? found : RATE_UNKNOWN_PER_SECOND
    rate = { perSecond, untilMs: clock.now() + RATE_KEPT_MS }
    return perSecond
  }

  /** The quota counts recipients. */
  async function waitForTurn(recipients: number): Promise<void> {
    const perSecond = (await ratePerSecond()) / options.senders
    const nowMs = clock.now()
    const turnMs = Math.max(nowMs, nextTurnMs)
    if (turnMs - nowMs > TURN_MAX_MS) {
      throw new SesRefusal('throttled', 'as much as the account may send is under way')
    }
    nextTurnMs = turnMs + (1_000 * recipients) / perSecond
    if (turnMs > nowMs) await clock.sleep(turnMs - nowMs)
  }

  return async ({ raw, sender, recipients }) => {
    await waitForTurn(recipients.length)
    try {
      const answer = await client.send(
        new SendEmailCommand({
          ...(sender !== '' && { FromEmailAddress: sender }),
          Destination: { ToAddresses: [...recipients] },
          Content: { Raw: { Data: raw } },
        }),
      )
      return answer.MessageId ?? ''
    } catch (error) {
      if (error instanceof Error) {
        const said = `${error.name}: ${error.message}`
        if (throttled.has(error.name)) throw new SesRefusal('throttled', said)
        if (unavailable.has(error.name)) throw new SesRefusal('unavailable', said)
        if (refused.has(error.name)) throw new SesRefusal('refused', said)
      }
      throw error
    }
  }
}
