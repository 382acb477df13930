// What the deployment that comes with the project costs while nothing happens: known to the last resource, and within the budget.

import { describe, expect, it } from 'vitest'
import { idleFloor, overBudget } from '../../cdk/idle-cost/idle-cost.ts'
import { deploymentFiles } from './deployment-files.ts'
import { stackNames, synthesize } from './synthesis.ts'

describe('the idle floor', () => {
  it.each(['hobby', 'standard'] as const)('of %s is within its budget', (preset) => {
    const file = deploymentFiles.standard.replace('"standard"', `"${preset}"`)
    const { templates, deployment } = synthesize(file)
    expect(deployment.preset.availabilityZones).toBe(preset === 'hobby' ? 1 : 2)
    const floor = idleFloor(stackNames.map((name) => templates[name]))
    expect(floor.unknownTypes).toEqual([])
    expect(overBudget(floor, preset)).toEqual([])
    expect(floor.totalUsdPerMonth).toBeGreaterThan(30)
  })
})
