// The deployments of deployment-files.ts, synthesised once for a test file.

import { deploymentFiles } from './deployment-files.ts'
import { type Resource, type Synthesis, synthesize } from './synthesis.ts'

export const standard = synthesize(deploymentFiles.standard)
export const hobby = synthesize(deploymentFiles.hobby)
export const scale = synthesize(deploymentFiles.scale)

/** With their names, for tests that hold for all of them. */
export const syntheses = [
  ['standard', standard],
  ['hobby', hobby],
  ['scale', scale],
] as const

/** By their names, which are those of the runbooks. */
export function alarmsOf({ find }: Synthesis): ReadonlyMap<string, Resource['Properties']> {
  const named = find('AWS::CloudWatch::Alarm').map(
    ({ id, Properties }) => [id.replace(/^Monitoring|[0-9A-F]{8}$/g, ''), Properties] as const,
  )
  return new Map(named)
}
