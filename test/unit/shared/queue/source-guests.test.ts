import { expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { guestId } from '#shared/directory/guests.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Expand } from '#shared/queue/pipeline.ts'
import type { QueuedRecipient } from '#shared/queue/records.ts'
import type { LastResult } from '#shared/queue/results.ts'
import { createGuestsNow } from '#shared/queue/source-slots.ts'

const recipient = (address: string, accountId: AccountId | null): QueuedRecipient => ({
  ...{ address, accountId, extension: null, original: `was ${address}` },
  ...{ notify: [], originalRecipient: null },
})
const guest = recipient('ann@ours.test', guestId({ local: 'ann', domain: 'ours.test' as Domain }))
const account = 'abc' as AccountId
const message = { deliveredTo: [] }

const now = (expanded: Awaited<ReturnType<Expand>>, isStillGuest = false) =>
  createGuestsNow({ isStillGuest: async () => isStillGuest, expand: async () => expanded })
const nobody = { local: [], remote: [], failed: [] }
const here = { ...recipient('ann@ours.test', account), needsContent: false }
const far = recipient('ann@far.test', null)

it('leaves a guest where he was as long as he is one, and everybody else', async () => {
  const all = [guest, recipient('b@ours.test', account), far]
  expect(await now({ ...nobody, local: [here] }, true)(all, message)).toEqual(all)
  expect(await now({ ...nobody, local: [here] })(all.slice(1), message)).toEqual(all.slice(1))
})

it('puts in his place whom the directory finds, with what the envelope said of him', async () => {
  const found = await now({ ...nobody, local: [here], remote: [far] })([guest, far], message)
  expect(found).toEqual([
    { ...recipient('ann@ours.test', account), original: guest.original },
    { ...far, original: guest.original },
    far,
  ])
})

it('leaves who is nobody, and who is done', async () => {
  expect(await now(nobody)([guest], message)).toEqual([guest])
  const last: LastResult = {
    ...{ status: '5.1.1', reply: 'no', remoteMta: null, atMs: 0, attempts: 1 },
    kind: 'failed',
  }
  const done: QueuedRecipient = { ...guest, last }
  expect(await now({ ...nobody, local: [here] })([done], message)).toEqual([done])
})
