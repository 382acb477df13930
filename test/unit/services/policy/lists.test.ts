import { describe, expect, it } from 'vitest'
import { createLists } from '#services/policy/lists.ts'
import type { StageLists } from '#services/policy/restriction.ts'
import { policyStages } from '#shared/contracts/policy.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

async function listsWith(set: readonly string[] = []) {
  const clock = manualClock()
  const opened = await openEmbedded({ clock })
  try {
    const { backend } = createPipeline(opened.store, clock, { set })
    const { directory, accessTables, mailbox, settings, log } = backend
    const { usage } = mailbox
    const { counters } = opened.store.tables
    return createLists({ directory, accessTables, usage, counters, settings, clock, log })
  } finally {
    await opened.close()
  }
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)

const ofStages = (lists: StageLists) =>
  Object.fromEntries(policyStages.map((stage) => [stage, names(lists[stage])]))

describe('what no setting leaves out', () => {
  it('is this, in this order', async () => {
    const { firm } = await listsWith()
    expect({
      sender: names(firm.sender),
      beforeRecipient: names(firm.beforeRecipient),
      afterRecipient: names(firm.afterRecipient),
      message: names(firm.message),
    }).toEqual({
      sender: ['reject_sender_login_mismatch'],
      beforeRecipient: [
        'reject_ended_account',
        'message_final_recipient_limit',
        'reject_over_sending_limit',
        'reject_non_fqdn',
      ],
      afterRecipient: [
        'reject_unlisted_recipient',
        'reject_over_quota',
        'reject_unknown_at_source',
      ],
      message: [
        'hopcount_limit',
        'delivered_to',
        'reject_to_bounce_address',
        'reject_sender_login_mismatch',
        'reject_over_sending_limit',
      ],
    })
  })

  it('holds nobody to itself where the setting says so', async () => {
    const { firm } = await listsWith(['smtpdRejectSenderLoginMismatch=no'])
    expect(names([...firm.sender, ...firm.message])).not.toContain('reject_sender_login_mismatch')
  })

  it('takes recipients that nobody has where the setting says so', async () => {
    const { firm } = await listsWith(['smtpdRejectUnlistedRecipient=no'])
    expect(names(firm.afterRecipient)).toEqual(['reject_over_quota', 'reject_unknown_at_source'])
  })
})

describe('the lists of a listener', () => {
  it('are those of the preset', async () => {
    const lists = await listsWith(['policyPreset=open'])
    expect(ofStages(lists.of('smtp'))).toEqual({
      connect: [],
      helo: [],
      sender: [],
      relay: ['permit_mynetworks', 'permit_sasl_authenticated', 'reject_unauth_destination'],
      recipient: [],
      data: [],
      message: [],
    })
  })

  it('are those of modern where nothing is set, and ask nothing of this machine that needs DNS', async () => {
    const lists = await listsWith()
    expect(ofStages(lists.of('smtp'))).toEqual(
      ofStages((await listsWith(['policyPreset=modern'])).of('smtp')),
    )
    const { helo, sender, recipient } = lists.of('smtp')
    for (const list of [helo, sender, recipient]) {
      const asked = names(list).slice(0, names(list).indexOf('permit_inet_interfaces'))
      expect(asked).toEqual([
        'permit_mynetworks',
        'permit_sasl_authenticated',
        expect.stringMatching(/^check_\w+_access table:/),
        ...(list === recipient ? ['reject_unlisted_recipient'] : []),
      ])
    }
    expect(names(lists.of('smtp').relay)).not.toContain('permit_inet_interfaces')
  })

  it('are others for who must log in', async () => {
    const lists = await listsWith()
    for (const listener of ['submission', 'submissions'] as const) {
      expect(ofStages(lists.of(listener))).toEqual({
        connect: ['permit_sasl_authenticated', 'reject'],
        helo: [],
        sender: [],
        relay: ['permit_sasl_authenticated', 'reject'],
        recipient: [],
        data: ['reject_unauth_pipelining'],
        message: [],
      })
    }
  })

  it('let nobody relay by LMTP (RFC 2033 §1)', async () => {
    const lists = await listsWith(['smtpdRelayRestrictions=reject'])
    expect(ofStages(lists.of('lmtp'))).toMatchObject({ relay: ['reject_unauth_destination'] })
  })

  it('are what is set, in its order and its words', async () => {
    const set = [
      'smtpdClientRestrictions=reject_plaintext_session warn_if_reject reject, mine',
      'smtpdRestrictionClasses=mine={ permit_mynetworks, other } other={ defer }',
    ]
    const { connect } = (await listsWith(set)).of('smtp')
    expect(connect.map(({ name, warnOnly }) => [name, warnOnly ?? false])).toEqual([
      ['reject_plaintext_session', false],
      ['reject', true],
      ['mine', false],
    ])
  })
})
