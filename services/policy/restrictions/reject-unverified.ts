// Senders and recipients whom the server that mail for them goes to refuses when it is asked (verification.ts). Who is here is known
// without asking.

import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { TempfailAction } from '#shared/settings/table/reject-codes.ts'
import type { Known } from '../known.ts'
import { putOff, refuse } from '../refusal.ts'
import { replyFor } from '../reply-form.ts'
import { type Decision, dunno } from '../restriction.ts'
import type { Verification } from '../verification.ts'
import { defineWord } from '../word.ts'

type Judged = {
  readonly subject: 'sender' | 'recipient'
  readonly status: EnhancedStatus
  readonly rejectCode: number
  readonly deferCode: number
  readonly tempfailAction: TempfailAction
  /** In place of what the other server says; '' for that. */
  readonly reason: string
}

/** Undefined where mail can be sent to it. */
type Doubt = { readonly kind: 'undeliverable' | 'unverified'; readonly reason: string }

async function judge(known: Known, judged: Judged, doubt: Doubt | undefined): Promise<Decision> {
  if (doubt === undefined) return dunno
  const { subject, status, tempfailAction } = judged
  const code = doubt.kind === 'undeliverable' ? judged.rejectCode : judged.deferCode
  // 250: it is taken all the same.
  if (code < 400) return dunno
  const what = code >= 500 ? 'undeliverable' : 'unverified'
  const text = `${what} address: ${judged.reason || doubt.reason}`
  const reply = await replyFor(known, subject, { code, status, text })
  return code >= 500 ? refuse(reply) : putOff(tempfailAction, reply)
}

/** Nobody here can ask. */
async function cannotAsk(known: Known, { subject, status, tempfailAction }: Judged) {
  const text = 'address verification problem'
  return putOff(tempfailAction, await replyFor(known, subject, { code: 450, status, text }))
}

function doubtHere({ kind }: Recipient): Doubt | undefined {
  return kind === 'unknown' || kind === 'disabled'
    ? { kind: 'undeliverable', reason: 'User unknown' }
    : undefined
}

async function doubtElsewhere(
  address: string,
  verification: Verification,
): Promise<Doubt | undefined> {
  const verified = await verification.verify(address)
  switch (verified.kind) {
    case 'deliverable':
      return undefined
    case 'undeliverable':
      return { kind: 'undeliverable', reason: verified.reply }
    case 'unknown':
      return { kind: 'unverified', reason: verified.reply }
    case 'pending':
      return { kind: 'unverified', reason: 'Address verification in progress' }
    default:
      return unreachable(verified)
  }
}

export const reject_unverified_sender = defineWord(
  'reject_unverified_sender',
  (_, { settings, directory, verification }) => {
    const judged: Judged = {
      subject: 'sender',
      status: '4.1.7',
      rejectCode: settings.unverifiedSenderRejectCode,
      deferCode: settings.unverifiedSenderDeferCode,
      tempfailAction: settings.unverifiedSenderTempfailAction,
      reason: settings.unverifiedSenderRejectReason,
    }
    return async (known) => {
      const address = known.sender ? parseAddress(known.sender) : undefined
      if (address === undefined) return dunno
      const found = await directory.resolve(address)
      if (found.kind !== 'remote') return judge(known, judged, doubtHere(found))
      if (verification === undefined) return cannotAsk(known, judged)
      return judge(known, judged, await doubtElsewhere(formatAddress(address), verification))
    }
  },
)

export const reject_unverified_recipient = defineWord(
  'reject_unverified_recipient',
  (_, { settings, verification }) => {
    const judged: Judged = {
      subject: 'recipient',
      status: '4.1.1',
      rejectCode: settings.unverifiedRecipientRejectCode,
      deferCode: settings.unverifiedRecipientDeferCode,
      tempfailAction: settings.unverifiedRecipientTempfailAction,
      reason: settings.unverifiedRecipientRejectReason,
    }
    return async (known) => {
      const { recipient } = known
      if (recipient === undefined) return dunno
      if (recipient.found.kind !== 'remote') return judge(known, judged, doubtHere(recipient.found))
      if (verification === undefined) return cannotAsk(known, judged)
      const address = formatAddress(recipient.address)
      return judge(known, judged, await doubtElsewhere(address, verification))
    }
  },
)
