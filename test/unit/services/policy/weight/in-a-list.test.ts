// policyd-weight in the lists of the presets, from RCPT to the verdict.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemblePolicy } from '#services/assembly/policy.ts'
import type { PolicyVerdict } from '#shared/contracts/policy.ts'
import { createKeyedResolver } from '#shared/dns/keyed-resolver.ts'
import { createRecordingResolver, type RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { keyedZones } from '#shared/settings/restrictions/keyed-zones.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { createPipeline, manualClock, origin } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const key = 'k3yk3yk3y'
const always = { a: ['127.0.0.2'] }
const zone: FakeZone = {
  '2.0.0.127.zen.spamhaus.org': always,
  '2.0.0.127.bl.spamcop.net': always,
  [`2.0.0.127.${key}.zen.dq.spamhaus.net`]: always,
  '5.100.51.198.zen.spamhaus.org': { a: ['127.0.0.4', '127.0.0.10'] },
  [`5.100.51.198.${key}.zen.dq.spamhaus.net`]: { a: ['127.0.0.4'], txt: [`ask ${key}`] },
  '203.0.113.9': { ptr: ['mail.remote.test'] },
  'mail.remote.test': { a: ['203.0.113.9'] },
  'remote.test': { mx: ['10 mail.remote.test'] },
}

let opened: OpenedEmbedded
const clock = manualClock()
beforeAll(async () => {
  opened = await openEmbedded({ clock })
  await createPipeline(opened.store, clock).addAccount('ann@example.test')
})
afterAll(() => opened.close())

function policyWith(set: readonly string[]) {
  const log = new MemoryLog()
  const { backend } = createPipeline(opened.store, clock, { set, log })
  const { settings } = backend
  const recorders: RecordingResolver[] = []
  const inner = createKeyedResolver(createFakeResolver(zone), {
    keys: settings.dnsListKeys,
    zones: keyedZones(settings),
  })
  const policy = assemblePolicy(backend, {
    openDns: () => {
      const recorder = createRecordingResolver(inner)
      recorders.push(recorder)
      return recorder
    },
  })
  return {
    log,
    recorded: () => recorders.map((one) => one.recorded()),
    ask: (remoteAddress: string, helo: string): Promise<PolicyVerdict> =>
      policy.recipient({
        queueId: 'Q' as QueueId,
        origin: { ...origin(null), remoteAddress, helo },
        sender: 's@remote.test',
        declaredBytes: 0,
        recipientsSoFar: 0,
        finalRecipientsSoFar: 0,
        recipient: 'ann@example.test',
      }),
  }
}

describe('policyd-weight in a list', () => {
  it('lets the mail server of the sender pass, with its field', async () => {
    const { ask } = policyWith(['policyPreset=modern'])
    expect(await ask('203.0.113.9', 'mail.remote.test')).toMatchObject({
      kind: 'permit',
      prepend: 'X-policyd-weight: CL_IP_EQ_FROM_MX=-3.1; rate: -3.1\r\n',
    })
  })

  it.each(['modern', 'isp'])(
    'refuses a stranger by the numbers of the preset %s',
    async (preset) => {
      const { ask, log } = policyWith([
        `policyPreset=${preset}`,
        'smtpdRecipientRestrictions=check_policy_service policyd-weight',
        'dnsListTest=no',
      ])
      const verdict = await ask('198.51.100.5', 'mail.remote.test')
      expect(verdict).toMatchObject({ kind: 'reject', restriction: 'policyd-weight' })
      expect(log.find('weighed')).toMatchObject({ service: 'policy' })
      expect(log.find('weighed')?.points).toBeGreaterThan(1)
    },
  )

  it('keeps keys out of verdicts, records and log', async () => {
    const { ask, log, recorded } = policyWith([
      'policyPreset=modern',
      `dnsListKeys=dqs=${key}`,
      'weightDnsLists=<dqs>.zen.dq.spamhaus.net 9 0 ZEN',
      'smtpdSenderRestrictions=warn_if_reject reject_rbl_client <dqs>.zen.dq.spamhaus.net',
    ])
    const verdict = await ask('198.51.100.5', 'mail.remote.test')
    expect(verdict).toMatchObject({ kind: 'reject', restriction: 'policyd-weight' })
    expect(recorded().flatMap(Object.keys)).toContain('A 5.100.51.198.<dqs>.zen.dq.spamhaus.net')
    expect(log.lines.length).toBeGreaterThan(0)
    for (const shown of [verdict, recorded(), log.lines]) {
      expect(JSON.stringify(shown)).not.toContain(key)
    }
  })
})
