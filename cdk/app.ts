// `npx cdk synth`, `npx cdk deploy --all`: reads the deployment file and makes the stacks of one mail system. Nothing is looked up
// in an account, so the templates are the same on every machine.

import { existsSync, readFileSync } from 'node:fs'
import { App } from 'aws-cdk-lib'
import { formatProblem } from '#shared/settings/problems.ts'
import { makeBundles } from './bundles.ts'
import { addChecks } from './checks.ts'
import { type Deployment, loadDeployment } from './configuration.ts'
import { createMailSystem } from './mail-system.ts'
import { measureIdleCost } from './measure-idle-cost.ts'

const OWN_FILE = 'mail.toml'
const EXAMPLE_FILE = 'cdk/deployment.toml'

const app = new App({ analyticsReporting: false, autoSynth: false })
const path: string = app.node.tryGetContext('deployment') ?? presentFile()
const text = readText(path)
if (text !== undefined) {
  const loaded = loadDeployment({ path, text })
  if (loaded.kind === 'ok') await synthesise(loaded.deployment)
  else refuse(loaded.problems.map(formatProblem))
}

/** Nobody deploys the example because an option was forgotten. */
function presentFile(): string {
  return existsSync(OWN_FILE) ? OWN_FILE : EXAMPLE_FILE
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (!(error instanceof Error)) throw error
    refuse([`cannot read the deployment file: ${error.message}`])
  }
}

function refuse(reasons: readonly string[]): void {
  for (const reason of reasons) console.error(reason)
  process.exitCode = 1
}

async function synthesise(deployment: Deployment): Promise<void> {
  const bundles = await makeBundles(deployment)
  const usd = measureIdleCost(deployment, bundles, app.node.getAllContext())
  createMailSystem(app, deployment, bundles, usd)
  addChecks(app, deployment)
  app.synth()
  const { name, hostname } = deployment
  console.error(`${path} makes the mail system ${name} at ${hostname}.`)
  console.error(`Without any mail it costs about $${usd} a month (list prices of us-east-1).`)
}
