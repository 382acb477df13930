import { describe, expect, it } from 'vitest'
import { createLists } from '#services/policy/lists.ts'
import { createSendingLimits } from '#services/policy/sending-limits.ts'
import { policyStages } from '#shared/contracts/policy.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

async function listsWith(set: readonly string[] = []) {
  const clock = manualClock()
  const opened = await openEmbedded({ clock })
  try {
    const { backend } = createPipeline(opened.store, clock, { set })
    const { directory, settings } = backend
    return createLists({
      directory,
      usage: backend.mailbox.usage,
      isMynetwork: () => false,
      sending: createSendingLimits({
        counters: opened.store.tables.counters,
        clock,
        options: settings,
      }),
      options: settings,
    })
  } finally {
    await opened.close()
  }
}

describe('the lists of restrictions', () => {
  it('are these, in this order', async () => {
    const lists = await listsWith()
    const names = policyStages.map((stage) => [stage, lists[stage].map(({ name }) => name)])
    expect(Object.fromEntries(names)).toEqual({
      connect: [],
      helo: [],
      sender: [],
      recipient: [
        'reject_ended_account',
        'reject_sender_login_mismatch',
        'message_final_recipient_limit',
        'reject_over_sending_limit',
        'reject_non_fqdn',
        'permit_mynetworks',
        'permit_sasl_authenticated',
        'reject_unauth_destination',
        'reject_unlisted_recipient',
        'reject_over_quota',
      ],
      data: [],
      message: [
        'hopcount_limit',
        'delivered_to',
        'reject_sender_login_mismatch',
        'reject_over_sending_limit',
      ],
    })
  })

  it('hold nobody to itself where the setting says so', async () => {
    const { recipient, message } = await listsWith(['smtpdRejectSenderLoginMismatch=no'])
    const names = [...recipient, ...message].map(({ name }) => name)
    expect(names).not.toContain('reject_sender_login_mismatch')
    expect(names).toHaveLength(12)
  })

  it('ask nobody before what he looks at is known', async () => {
    const lists = await listsWith()
    const place = (stage: (typeof policyStages)[number]) => policyStages.indexOf(stage)
    for (const list of policyStages) {
      for (const { name, stage } of lists[list]) {
        expect(place(stage), name).toBeLessThanOrEqual(place(list))
      }
    }
  })
})
