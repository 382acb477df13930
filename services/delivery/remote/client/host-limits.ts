// What this host does not take, found out before it is asked.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import { fail } from '../outcome.ts'
import type { Mailing } from './mailing.ts'
import type { Extensions, Session } from './session.ts'

/** Why it does not get the message; `isOpen`: another host may. */
export type HostObstacle = { readonly result: Undelivered; readonly isOpen: boolean }

/** For each recipient. */
export function findHostObstacles(
  session: Pick<Session, 'extensions' | 'name'>,
  { message, sender, recipients }: Mailing,
): readonly (HostObstacle | undefined)[] {
  const { extensions, name } = session
  const bytesMax = sizeLimit(extensions)
  if (message.bytes > bytesMax) {
    const tooLarge = `message size ${message.bytes} exceeds size limit ${bytesMax} of server ${name}`
    return recipients.map(() => ({ result: fail('5.3.4', tooLarge), isOpen: false }))
  }
  if (extensions.has('SMTPUTF8')) return recipients.map(() => undefined)
  // RFC 6531 §3.3: nothing internationalised may be sent to who did not offer to take it.
  const forAll = message.needs.smtpUtf8 || !isAscii(sender)
  return recipients.map(({ address }) =>
    !forAll && isAscii(address)
      ? undefined
      : {
          result: fail('5.6.7', `SMTPUTF8 is required, but was not offered by host ${name}`),
          isOpen: true,
        },
  )
}

/** Bytes of a message that the host takes; RFC 1870 §4: 0 and no number mean no fixed limit. */
export function sizeLimit(extensions: Extensions): number {
  const bytesMax = Number(extensions.get('SIZE') || 0)
  return bytesMax > 0 ? bytesMax : Number.POSITIVE_INFINITY
}

/** RFC 6531 §3.2: because of what is sent, whatever was said when it came. */
export function needsSmtpUtf8({ message, sender, recipients }: Mailing): boolean {
  const { smtpUtf8 } = message.needs
  return smtpUtf8 || !isAscii(sender) || !recipients.every(({ address }) => isAscii(address))
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
