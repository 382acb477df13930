// Hands messages to Amazon SES by its API, raw: SES chooses hosts, tries again and returns what it cannot deliver, as a relay host does.
// What it says of a message is told in the words of SMTP.

import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import { canonicalAddress } from '#shared/mail/address.ts'
import type { OutboundMessage } from './outbound-form.ts'
import { defer, fail, oneLine } from './outcome.ts'
import type { Transport } from './transport.ts'

/** SendEmail of the API's second version takes so much, of which base64 takes a third. */
export const SES_MESSAGE_BYTES_MAX = 40_000_000
/** Of one SendEmail. */
export const SES_RECIPIENTS_MAX = 50

/** Sends a message as it is; the id that SES gives it. Rejects with SesRefusal, and with whatever the network does. */
export type SendToSes = (message: {
  readonly raw: Uint8Array
  /** '' for the null sender. */
  readonly sender: string
  readonly recipients: readonly string[]
}) => Promise<string>

/**
 * throttled: more than the account may send now. refused: this message, for good. unavailable: SES itself, or our right to use it, which an
 * administrator can mend.
 */
export class SesRefusal extends Error {
  readonly kind: 'throttled' | 'refused' | 'unavailable'
  constructor(kind: SesRefusal['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

export function createSesTransport(deps: {
  readonly send: SendToSes
  /** Name of the region, for the log. */
  readonly region: string
}): Transport {
  const relay = `ses[${deps.region}]`

  return {
    async deliver({ sender, recipients, openMessage, onContact }) {
      const message = await openMessage({ lineBytesMax: SES_LINE_BYTES_MAX })
      const results: DeliveryResult[] = []
      let reached = false
      let trouble: string | undefined
      const raw = canBeSent(message) ? await readRaw(message) : undefined
      for (let at = 0; at < recipients.length; at += SES_RECIPIENTS_MAX) {
        const some = recipients.slice(at, at + SES_RECIPIENTS_MAX)
        const addresses = some.map(({ address }) => canonicalAddress(address))
        const result =
          raw === undefined ? refuseUnsendable(message) : await sendSome(raw, sender, addresses)
        if (result.kind === 'deferred') trouble ??= result.reply
        else reached = true
        results.push(...some.map(() => result))
      }
      onContact?.({ relay, connectMs: 0, tls: 'Verified' })
      return {
        results,
        destination:
          trouble === undefined || reached
            ? { kind: 'reached' }
            : { kind: 'unreachable', reply: trouble },
      }
    },
  }

  async function sendSome(
    raw: Uint8Array,
    sender: string,
    recipients: readonly string[],
  ): Promise<DeliveryResult> {
    try {
      const id = await deps.send({ raw, sender: canonicalAddress(sender), recipients })
      return { kind: 'delivered', reply: `250 Ok ${oneLine(id)}` }
    } catch (error) {
      const said = `${relay} said: ${oneLine(error instanceof Error ? error.message : String(error))}`
      if (!(error instanceof SesRefusal)) return defer('4.4.1', said)
      switch (error.kind) {
        case 'throttled':
          // RFC 3463 §3.4: X.3.2, the system does not take mail now.
          return defer('4.3.2', said)
        case 'unavailable':
          return defer('4.3.5', said)
        case 'refused':
          return fail('5.7.1', said)
      }
    }
  }
}

/** RFC 5321 §4.5.3.1.6; SES refuses longer ones. */
const SES_LINE_BYTES_MAX = 998

/** SES knows no SMTPUTF8. */
const canBeSent = (message: OutboundMessage) =>
  !message.needs.smtpUtf8 && base64Bytes(message.bytes) <= SES_MESSAGE_BYTES_MAX

const base64Bytes = (bytes: number) => 4 * Math.ceil(bytes / 3)

function refuseUnsendable({ needs, bytes }: OutboundMessage): DeliveryResult {
  return needs.smtpUtf8
    ? fail('5.6.7', 'SMTPUTF8 is required, which SES does not offer')
    : fail('5.3.4', `message of ${bytes} bytes exceeds what SES takes`)
}

async function readRaw(message: OutboundMessage): Promise<Uint8Array> {
  const form = await message.formFor({ smtpUtf8: false, eightBit: false })
  return Buffer.concat(await Array.fromAsync(form.read()))
}
