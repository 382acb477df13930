// Makes the cloud assembly of a deployment file in a folder, as `cdk synth` does.

import { readFileSync } from 'node:fs'
import { App } from 'aws-cdk-lib'
import { formatProblem } from '#shared/runtime/settings/problems.ts'
import { makeBundles } from '../../../cdk/bundles.ts'
import { loadDeployment } from '../../../cdk/configuration.ts'
import { createMailSystem } from '../../../cdk/mail-system.ts'

export function synthesize(deploymentFile: string, folder: string): void {
  const loaded = loadDeployment({ path: 'deployment.toml', text: deploymentFile })
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(formatProblem).join('\n'))
  const app = new App({
    outdir: folder,
    context: contextOfProject(),
    analyticsReporting: false,
    builtinCloudFormationValidation: false, // has tests of its own
  })
  createMailSystem(app, loaded.deployment, makeBundles())
  app.synth()
}

function contextOfProject(): Readonly<Record<string, unknown>> {
  const file = new URL('../../../cdk.json', import.meta.url)
  const { context }: { readonly context: Readonly<Record<string, unknown>> } = JSON.parse(
    readFileSync(file, 'utf8'),
  )
  return context
}
