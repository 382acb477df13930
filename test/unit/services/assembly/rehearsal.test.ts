import { afterEach, beforeEach, expect, it } from 'vitest'
import { rehearseTransaction } from '#services/assembly/rehearsal.ts'
import type { Settings } from '#shared/settings/table.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { recipientRequest, stranger } from '#test/support/policy-facts.ts'
import { answering, startPolicyServer } from '#test/support/policy-server.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
let opened: OpenedEmbedded
let pipeline: Pipeline

beforeEach(async () => {
  opened = await openEmbedded({ clock })
  pipeline = createPipeline(opened.store, clock, { set: ['policyPreset=open'] })
  await pipeline.addAccount('ann@example.test')
})
afterEach(() => opened.close())

/** With these settings, of a client at this address. */
async function rehearse(settings: Partial<Settings>, remoteAddress = stranger.remoteAddress) {
  const { backend } = pipeline
  const [atRecipient, ...later] = await rehearseTransaction(
    { ...backend, settings: { ...backend.settings, ...settings } },
    recipientRequest({ origin: { ...stranger, remoteAddress } }),
    openFakeDns(),
  )
  if (atRecipient === undefined) throw new Error('nothing was decided')
  return { ...atRecipient, later: later.map(({ ask }) => ask) }
}

it('asks no policy server, which may remember whom it was asked about', async () => {
  await using server = await startPolicyServer(answering('REJECT'))
  const { port } = server.endpoint
  const list = `check_policy_service inet:127.0.0.1:${port}`
  // Of an address that has no name nobody asks the DNS.
  const { verdict, later } = await rehearse({ smtpdRecipientRestrictions: list }, 'unknown')
  expect(verdict.kind).toBe('permit')
  expect(later).toEqual(['data', 'message'])
  expect(server.connections()).toBe(0)
})

it('says who would be greylisted, and leaves him unknown', async () => {
  const settings = {
    smtpdRecipientRestrictions: 'check_policy_service postgrey',
    postgreyShippedLists: false,
    postgreySpfDomains: false,
    postgreyPrivacy: false,
  }
  const { verdict } = await rehearse(settings)
  expect(verdict).toMatchObject({ kind: 'reject', reply: { code: 450, status: '4.2.0' } })
  const key = { pk: 'GREY#203.0.113.0/24/s@remote.test/ann@example.test', sk: 'triplet' }
  expect(await opened.store.tables.counters.get(key)).toBeUndefined()
})
