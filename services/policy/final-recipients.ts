import type { Reach, Recipient } from '#shared/directory/directory.ts'
import type { AtRecipient } from './known.ts'
import { recipientLeadsTooFar, tooManyFinalRecipients } from './replies.ts'
import { defer, dunno, type Restriction, reject } from './restriction.ts'

/**
 * What a message's recipients lead to, aliases followed, has a limit: one message of 17 bytes to many extensions of one alias is
 * otherwise as many deliveries as aliases multiply. Beyond it the client sends the rest with another message (452, RFC 5321
 * §4.5.3.1.10), which a recipient that is too much alone could not.
 */
export function limitFinalRecipients(max: number): Restriction<AtRecipient> {
  return {
    name: 'message_final_recipient_limit',
    async decide({ recipient: { text, found, reach }, finalRecipientCount: soFar }) {
      if (soFar >= max) return defer(tooManyFinalRecipients)
      if (!leadsOn(found)) return dunno
      const count = finalRecipients(await reach())
      if (soFar + count <= max) return dunno
      return count > max ? reject(recipientLeadsTooFar(text)) : defer(tooManyFinalRecipients)
    },
  }
}

/** To more, or to others, than the one that was written to. */
export const leadsOn = (found: Recipient) =>
  found.kind === 'alias' || (found.kind === 'account' && found.forward !== null)

/** At least one: what leads nowhere is a bounce. */
export const finalRecipients = ({ local, remote }: Reach) => Math.max(1, local + remote)
