// Makes the cloud assembly of a deployment file in a folder, as `cdk synth` does.

import { App } from 'aws-cdk-lib'
import { inject } from 'vitest'
import { bundleFolders } from '#test/support/emulators/broker.ts'
import type { Bundles } from '../../../cdk/bundles.ts'
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
  createMailSystem(app, deployment, await bundlesOfRun(), '12.34')
  app.synth()
}

async function bundlesOfRun(): Promise<Bundles> {
  const folders = await bundleFolders(inject('emulatorBrokerUrl'))
  const folderOf = (name: string): string => {
    const folder = folders[name]
    if (folder === undefined) throw new Error(`no bundle of ${name}`)
    return folder
  }
  return { image: folderOf('edge'), functionCode: folderOf }
}
