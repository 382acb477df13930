// DNS as the settings say, asked of a name server on loopback.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openQuestionResolvers, openResolver } from '#services/assembly/dns.ts'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { recipientRequest } from '#test/support/policy-facts.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

let server: DnsServer
beforeAll(async () => {
  server = await startDnsServer({
    'a.test': { a: ['192.0.2.1'] },
    'silent.test': { manner: 'silent' },
    'failing.test': { rcode: 'SERVFAIL' },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

function settingsWith(...set: readonly string[]) {
  const overrides = [`dnsServers=${server.address}`, ...set]
  const loaded = loadSettings({ environment: {}, overrides })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

const asked = (name: string) => server.questions.filter((text) => text.endsWith(` ${name}`)).length

describe('openResolver', () => {
  it('asks dnsServers, for dnsTimeout, dnsTries times', async () => {
    const usual = openResolver(settingsWith())
    expect(await usual.resolve4('a.test')).toMatchObject({ records: ['192.0.2.1'] })
    const hasty = openResolver(settingsWith('dnsTimeout=100ms', 'dnsTries=2'))
    expect(await hasty.resolve4('silent.test')).toMatchObject({ kind: 'failure' })
    expect(asked('silent.test')).toBe(2)
  })
})

describe('openQuestionResolvers', () => {
  it('remembers answers from one question to the next, each of which records its own', async () => {
    const before = asked('a.test')
    const open = openQuestionResolvers(settingsWith(), systemClock)
    const [one, other] = [open(), open()]
    await one.resolver.resolve4('a.test')
    await other.resolver.resolve4('a.test')
    expect(asked('a.test') - before).toBe(1)
    expect(other.recorded()).toEqual(one.recorded())
    expect(open().recorded()).toEqual({})
  })

  it('remembers nothing where the settings say so', async () => {
    const before = asked('failing.test')
    const open = openQuestionResolvers(settingsWith('dnsCacheFailureLife=0'), systemClock)
    await open().resolver.resolve4('failing.test')
    await open().resolver.resolve4('failing.test')
    expect(asked('failing.test') - before).toBeGreaterThan(1)
  })

  it('gives each question policyDnsTimeLimit', async () => {
    const settings = settingsWith('policyDnsTimeLimit=100ms', 'dnsTimeout=5s')
    const { resolver } = openQuestionResolvers(settings, systemClock)()
    expect(await resolver.resolve4('silent.test')).toEqual({
      kind: 'failure',
      reason: 'DNS took too long for this question',
    })
  })
})

describe('assemblePolicy', () => {
  it('asks dnsServers, within policyDnsTimeLimit', async () => {
    const opened = await openEmbedded()
    onTestFinished(opened.close)
    const { backend, addAccount } = createPipeline(opened.store, systemClock, {
      set: [
        `dnsServers=${server.address}`,
        'policyPreset=open',
        'policyDnsTimeLimit=200ms',
        'smtpdSenderRestrictions=reject_unknown_sender_domain',
      ],
    })
    await addAccount('ann@example.test')
    const policy = assemblePolicy(backend)
    const ask = (sender: string) => policy.recipient(recipientRequest({ sender }))
    expect(await ask('s@a.test')).toMatchObject({ kind: 'permit' })
    const refused = { kind: 'reject', restriction: 'reject_unknown_sender_domain' }
    expect(await ask('s@absent.test')).toMatchObject({ ...refused, reply: { code: 450 } })
    expect(await ask('s@silent.test')).toMatchObject({ ...refused, reply: { code: 450 } })
  })
})
