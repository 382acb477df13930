// List prices of what figures count: near what the benchmark counted, and what SES and the deployment ask.

import { describe, expect, it } from 'vitest'
import { awsCostModel, deployedCosts } from '#services/aws/cost-model.ts'

const model = awsCostModel({ idleUsdPerMonth: 73, region: 'eu-central-1', sendsBySes: false })
const perMillion = (...all: readonly number[]) => all.reduce((sum, price) => sum + price, 0) * 1e6

describe('the cost of a deployment', () => {
  it('is at rest what its synthesis said, by the hour', () => {
    expect(model.atRest).toEqual({ amount: 0.1, per: 'hour' })
    expect(model.origin).toMatchObject({
      ...{ kind: 'list-prices', listed: 'us-east-1', region: 'eu-central-1' },
      asOf: expect.stringMatching(/^2026-\d\d-\d\d$/),
    })
  })

  it('of mail is what the benchmark counts: $20.51 a million in, $31.32 out', () => {
    const { accepted = 0, deliveredHere = 0, deliveredElsewhere = 0, deferred = 0 } = model.prices
    const incoming = perMillion(accepted, 1.2 * deliveredHere)
    expect(incoming).toBeGreaterThan(19)
    expect(incoming).toBeLessThan(22)
    // What leaves over the internet is no request, and not in the benchmark: 65 KB at $0.09 a GB.
    const traffic = 1.3 * 4.5
    const outgoing = perMillion(accepted, 1.3 * deliveredElsewhere, 0.4 * deferred)
    expect(outgoing - traffic).toBeGreaterThan(29)
    expect(outgoing - traffic).toBeLessThan(40)
  })

  it('has what SES asks for a recipient, where mail leaves by it', () => {
    const bySes = awsCostModel({ idleUsdPerMonth: 73, region: 'us-east-1', sendsBySes: true })
    const more = (bySes.prices.deliveredElsewhere ?? 0) - (model.prices.deliveredElsewhere ?? 0)
    expect(more).toBeCloseTo(0.0001 + 50e-6 * 0.12, 9)
    expect({ ...bySes.prices, deliveredElsewhere: 0 }).toEqual({
      ...model.prices,
      deliveredElsewhere: 0,
    })
  })

  it('of a gigabyte is S3, and its index with backups', () => {
    expect(model.prices.storedGB).toBeCloseTo(0.023 + 0.012 * 0.45, 6)
  })

  it.each([undefined, '', 'NaN', '1e9', '62.9'])('is not known of %s', (text) => {
    expect(deployedCosts(text, 'us-east-1')).toBeUndefined()
  })

  it('is known of what the deployment says', () => {
    const costs = deployedCosts('62.90', 'us-east-1')
    expect(costs?.({ defaultTransport: 'ses' }).atRest.amount).toBeCloseTo(62.9 / 730)
  })
})
