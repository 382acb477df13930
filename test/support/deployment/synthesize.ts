// Makes the cloud assembly of a deployment file in a folder, as `cdk synth` does.

import { App } from 'aws-cdk-lib'
import { makeBundles } from '../../../cdk/bundles.ts'
import { createMailSystem } from '../../../cdk/mail-system.ts'
import { contextOfProject, readDeployment } from './project.ts'

export async function synthesize(deploymentFile: string, folder: string): Promise<void> {
  const deployment = readDeployment(deploymentFile)
  const app = new App({
    outdir: folder,
    context: contextOfProject(),
    analyticsReporting: false,
    builtinCloudFormationValidation: false, // has tests of its own
  })
  createMailSystem(app, deployment, await makeBundles(deployment))
  app.synth()
}
