// What a synthesis in a test begins with: the project's context and a deployment file.

import { readFileSync } from 'node:fs'
import { formatProblem } from '#shared/settings/problems.ts'
import { type Deployment, loadDeployment } from '../../../cdk/configuration.ts'

/** Of cdk.json. */
export function contextOfProject(): Readonly<Record<string, unknown>> {
  const file = new URL('../../../cdk.json', import.meta.url)
  const { context }: { readonly context: Readonly<Record<string, unknown>> } = JSON.parse(
    readFileSync(file, 'utf8'),
  )
  return context
}

/** Throws all that is wrong with it. */
export function readDeployment(text: string): Deployment {
  const loaded = loadDeployment({ path: 'deployment.toml', text })
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.deployment
}
