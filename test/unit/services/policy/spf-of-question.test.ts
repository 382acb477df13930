// SPF is found out once for a transaction, by whichever word wants to know, and what was found goes on to the message stage.

import { describe, expect, it } from 'vitest'
import { createSpfCheck } from '#services/authentication/spf.ts'
import { createPolicy } from '#services/policy/policy.ts'
import type { PolicyVerdict } from '#shared/contracts/policy.ts'
import { createRecordingResolver } from '#shared/dns/recording-resolver.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { annsAccount, policyLists, recipientRequest, stranger } from '#test/support/policy-facts.ts'

const passed = { result: 'pass', identity: 'mailfrom', domain: 'remote.test' }

function policyThatAsks(asks: boolean) {
  const dns = createFakeResolver({
    'remote.test': { txt: [`v=spf1 ip4:${stranger.remoteAddress} -all`] },
  })
  const found: unknown[] = []
  const policy = createPolicy({
    lists: policyLists({
      recipient: asks
        ? [
            {
              name: 'wants to know',
              async decide(known) {
                found.push(await known.spf())
                return { kind: 'dunno' }
              },
            },
          ]
        : [],
    }),
    openDns: () => createRecordingResolver(dns),
    checkSpf: createSpfCheck({ hostname: 'mx.example.test' }),
    directory: { resolve: async () => annsAccount, reach: () => Promise.reject(new Error('none')) },
    options: { hostname: 'mx.example.test' },
    log: silentLog,
  })
  return { policy, dns, found }
}

const after = ({ judged }: PolicyVerdict) => (judged ? { judged } : {})

describe('SPF in policy', () => {
  it('is asked for the first recipient and handed on, and not asked again', async () => {
    const { policy, dns, found } = policyThatAsks(true)
    const first = await policy.recipient(recipientRequest())
    expect(first.judged).toMatchObject({ spf: passed })
    const second = await policy.recipient(recipientRequest(after(first)))
    expect(second.judged).toMatchObject({ spf: passed })
    expect(found).toEqual([passed, passed])
    expect(dns.questions.filter((one) => one.startsWith('TXT'))).toEqual(['TXT remote.test'])
  })

  it('goes over the wire as plain data', async () => {
    const { policy } = policyThatAsks(true)
    const { judged } = await policy.recipient(recipientRequest())
    expect(JSON.parse(JSON.stringify(judged)).spf).toEqual(passed)
  })

  it('is not asked where nobody wants to know', async () => {
    const { policy, dns } = policyThatAsks(false)
    expect((await policy.recipient(recipientRequest())).judged).toBeUndefined()
    expect(dns.questions).toEqual([])
  })
})
