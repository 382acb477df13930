// The deployments of deployment-files.ts, synthesised once for a test file.

import { deploymentFiles } from './deployment-files.ts'
import { synthesize } from './synthesis.ts'

export const standard = synthesize(deploymentFiles.standard)
export const hobby = synthesize(deploymentFiles.hobby)
export const scale = synthesize(deploymentFiles.scale)

/** With their names, for tests that hold for all of them. */
export const syntheses = [
  ['standard', standard],
  ['hobby', hobby],
  ['scale', scale],
] as const
