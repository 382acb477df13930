import { Resolver } from 'node:dns/promises'
import { describe, expect, it } from 'vitest'
import { Route53Challenges } from '#services/aws/certificates/route53-challenges.ts'
import { startRoute53 } from '#test/support/acme/route53.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

const hostedZoneId = 'Z0123456789'
const name = '_acme-challenge.mail.example.test'

async function prepared(pendingAnswers: number) {
  const route53 = await startRoute53(hostedZoneId)
  route53.pendingAnswers = pendingAnswers
  const hands = skippingClock()
  const { client } = route53
  const challenges = new Route53Challenges({ client, hostedZoneId, clock: hands.clock })
  const resolver = new Resolver()
  resolver.setServers([route53.nameServer])
  return {
    route53,
    hands,
    challenges,
    resolver,
    [Symbol.asyncDispose]: route53[Symbol.asyncDispose],
  }
}

describe('Route53Challenges', () => {
  it('publishes a record that the name servers answer with, and removes it', async () => {
    await using test = await prepared(2)
    await test.challenges.publish(name, 'proof')
    expect(test.hands.sleptMs).toEqual([5_000, 5_000])
    expect(await test.resolver.resolveTxt(name)).toEqual([['proof']])
    await test.challenges.remove(name, 'proof')
    await expect(test.resolver.resolveTxt(name)).rejects.toThrow('ENOTFOUND')
  })

  it('replaces what an earlier run left behind', async () => {
    await using test = await prepared(0)
    await test.challenges.publish(name, 'old')
    await test.challenges.publish(name, 'new')
    expect(await test.resolver.resolveTxt(name)).toEqual([['new']])
  })

  it('gives up on a change that does not reach the name servers within three minutes', async () => {
    await using test = await prepared(Number.POSITIVE_INFINITY)
    await expect(test.challenges.publish(name, 'proof')).rejects.toThrow('not in sync after 180 s')
    expect(test.hands.sleptMs).toHaveLength(36)
  })

  it('fails with the words of Route 53', async () => {
    await using test = await prepared(0)
    await expect(test.challenges.remove(name, 'never published')).rejects.toThrow(
      'ChangeResourceRecordSets: InvalidChangeBatch',
    )
  })
})
