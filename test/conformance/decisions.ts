// What is kept of decisions, on any driver's Table: it is found by queue id and by time, and nothing is kept of a rehearsal.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import {
  recordedDecisions,
  rehearseTransaction,
  replaySince,
} from '#services/assembly/rehearsal.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { createPipeline, type Pipeline } from '#test/support/pipeline.ts'
import { recipientRequest } from '#test/support/policy-facts.ts'
import type { Open } from '#test/support/storage.ts'

const HOUR_MS = 3_600_000
const SENDERS = 40

export function describeDecisions(driver: string, open: Open): void {
  describe(`${driver}: decisions`, () => {
    let pipeline: Pipeline
    let close: () => Promise<void>
    // True to the table's own clock, which takes away what is over.
    const clock = new ManualClock(Date.now())
    const set = [
      'policyPreset=open',
      'smtpdRecipientRestrictions=reject_unknown_sender_domain',
      'postgreyShippedLists=false',
    ]
    const dns = openFakeDns({ 'good.test': { mx: ['10 mx.good.test'] } })

    beforeAll(async () => {
      const opened = await open()
      close = opened.close
      pipeline = createPipeline(opened.store, clock, { set })
      await pipeline.addAccount('ann@example.test')
    })
    afterAll(async () => await close())

    const requestFrom = (sender: string): RecipientRequest =>
      recipientRequest({ queueId: newQueueId(clock.now()), sender })

    /** Asked as listeners ask. */
    async function decide(requests: readonly RecipientRequest[]) {
      const { backend } = pipeline
      const recorder = assembleRecorder(backend)
      const policy = assemblePolicy(backend, { openDns: dns, recorder })
      for (const request of requests) await policy.recipient(request)
      await policy.settle()
    }

    const changed = (settings: object) => ({ ...pipeline.backend.settings, ...settings })
    const replayed = async (settings: object) =>
      Array.fromAsync(
        replaySince(pipeline.backend, {
          settings: changed(settings),
          sinceMs: clock.now() - HOUR_MS,
          asksDns: false,
        }),
      )

    it('are found by queue id, and all of them by time, in their order', async () => {
      const requests: RecipientRequest[] = []
      for (let n = 0; n < SENDERS; n++) {
        requests.push(requestFrom(`s${n}@${n % 2 ? 'good' : 'bad'}.test`))
        await clock.advance(1_000)
      }
      await decide(requests)
      const [first] = requests
      if (first === undefined) throw new Error('no request')
      const records = await recordedDecisions(pipeline.backend, first.queueId)
      expect(records).toMatchObject([
        {
          ask: 'recipient',
          request: first,
          verdict: { kind: 'reject', restriction: 'reject_unknown_sender_domain' },
          lookups: { 'MX bad.test': { kind: 'nxdomain' } },
        },
      ])
      const again = await replayed({})
      // Of refusals from one place those beyond the sixteenth are counted together.
      const ids = again.map(({ record }) => record.request.queueId)
      expect(ids).toEqual(ids.toSorted())
      expect(ids).toHaveLength(SENDERS / 2 + 16)
      expect(again.every(({ isChanged, unknown }) => !isChanged && unknown.length === 0)).toBe(true)
    })

    it('are made again by other settings, and nothing is kept of that', async () => {
      const none = await replayed({ smtpdRecipientRestrictions: '' })
      expect(none.filter(({ isChanged }) => isChanged)).toHaveLength(16)
      const greylisted = await replayed({
        smtpdRecipientRestrictions: 'check_policy_service postgrey',
      })
      expect(new Set(greylisted.flatMap(({ unknown }) => unknown))).toEqual(
        new Set(['check_policy_service postgrey']),
      )
      const request = requestFrom('new@good.test')
      const { backend } = pipeline
      const settings = changed({ smtpdRecipientRestrictions: 'check_policy_service postgrey' })
      const rehearsed = await rehearseTransaction({ ...backend, settings }, request, dns)
      expect(rehearsed).toMatchObject([{ verdict: { kind: 'reject', reply: { status: '4.2.0' } } }])
      expect(await rehearseTransaction({ ...backend, settings }, request, dns)).toEqual(rehearsed)
      expect(await recordedDecisions(backend, request.queueId)).toEqual([])
    })
  })
}
