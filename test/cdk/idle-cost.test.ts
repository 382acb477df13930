// What the deployment that comes with the project costs while nothing happens: known to the last resource, and within the budget.

import { describe, expect, it } from 'vitest'
import { idleCost, overBudget } from '../../cdk/idle-cost/idle-cost.ts'
import { deploymentFiles } from './deployment-files.ts'
import { stackNames, synthesize } from './synthesis.ts'

describe('the idle cost', () => {
  it.each(['hobby', 'standard'] as const)('of %s is within its budget', (preset) => {
    const file = deploymentFiles.standard.replace('"standard"', `"${preset}"`)
    const { templates, deployment } = synthesize(file)
    expect(deployment.preset.availabilityZones).toBe(preset === 'hobby' ? 1 : 2)
    const idle = idleCost(stackNames.map((name) => templates[name]))
    expect(idle.unknownTypes).toEqual([])
    expect(overBudget(idle, preset)).toEqual([])
    expect(idle.totalUsdPerMonth).toBeGreaterThan(30)
  })

  it('of the API is that of its alarm, and of looking for jobs', () => {
    const cost = (file: string) => {
      const { templates } = synthesize(file)
      return idleCost(stackNames.map((name) => templates[name])).totalUsdPerMonth
    }
    const more = cost(deploymentFiles.standard) - cost(`api = "off"\n${deploymentFiles.standard}`)
    expect(more).toBeGreaterThan(0.1)
    expect(more).toBeLessThan(0.3)
  })

  it('of sending directly is that of an address, and of a task that waits for mail', () => {
    const { templates } = synthesize(deploymentFiles.direct)
    const { lines, unknownTypes } = idleCost(stackNames.map((name) => templates[name]))
    expect(unknownTypes).toEqual([])
    const usd = (what: string) => lines.find((line) => line.what === what)?.usd
    expect(usd('NAT gateways')).toBeCloseTo(32.85)
    expect(usd('elastic addresses')).toBeCloseTo(3.65)
    expect(usd('queue polling by tasks')).toBeCloseTo(0.11)
  })
})
