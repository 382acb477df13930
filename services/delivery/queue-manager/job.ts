// A group and its message as a job of the active set.

import { formatBell } from '#shared/queue/bells.ts'
import { HERE, type SlotOf } from '#shared/queue/new-groups.ts'
import type { SeenGroup } from '#shared/queue/suspension.ts'
import { routesThrough } from '#shared/queue/through-filter.ts'
import { type Job, LOCAL } from './destination.ts'

/** What more are written to is no letter. */
const LETTER_RECIPIENTS_MAX = 5
const LETTER_BYTES_MAX = 256 * 1024
/** Somebody sits before it and waits. */
const LETTER_OF_LOGIN_BYTES_MAX = 5 * 1024 * 1024

export async function jobOf(
  { message, group }: SeenGroup,
  routes: { readonly slotOf: SlotOf },
): Promise<Job> {
  const bell = formatBell(group)
  const isTried = group.recipients.some(({ last }) => last?.kind !== 'failed')
  const [first] = group.recipients
  if (message === undefined || first === undefined) {
    return { bell, slot: LOCAL, sender: '', isLetter: false }
  }
  const { envelope, origin, object } = message
  const sender = origin.account?.id ?? envelope.sender
  const bytesMax = origin.account === null ? LETTER_BYTES_MAX : LETTER_OF_LOGIN_BYTES_MAX
  const isLetter =
    group.attempts === 0 &&
    // What tells senders of their mail is sent by nobody, and much of it at once.
    envelope.sender !== '' &&
    envelope.recipients.length <= LETTER_RECIPIENTS_MAX &&
    object.length <= bytesMax
  // Nobody is spoken to where all have failed: their sender is told.
  const isRemote = group.destination.kind === 'remote' && isTried
  // Its recipients may go several ways now; then it is divided, and each part has its own turn.
  const slot = isRemote
    ? await routesThrough(message, routes).slotOf({
        address: first.address,
        sender: envelope.sender,
        accountId: first.accountId,
      })
    : LOCAL
  return { bell, slot: slot === HERE ? LOCAL : slot, sender, isLetter }
}
