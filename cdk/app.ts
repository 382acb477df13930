// `npx cdk synth`, `npx cdk deploy --all`: reads the deployment file and makes the stacks of one mail system. Nothing is looked up
// in an account, so the templates are the same on every machine.

import { readFileSync } from 'node:fs'
import { App } from 'aws-cdk-lib'
import { formatProblem } from '#shared/runtime/settings/problems.ts'
import { makeBundles } from './bundles.ts'
import { addChecks } from './checks.ts'
import { loadDeployment } from './configuration.ts'
import { idleFloor } from './idle-floor.ts'
import { createMailSystem } from './mail-system.ts'

const app = new App({ analyticsReporting: false, autoSynth: false })
const path: string = app.node.tryGetContext('deployment') ?? 'cdk/deployment.toml'
const loaded = loadDeployment({ path, text: readFileSync(path, 'utf8') })

if (loaded.kind === 'invalid') {
  for (const problem of loaded.problems) console.error(formatProblem(problem))
  process.exitCode = 1
} else {
  createMailSystem(app, loaded.deployment, makeBundles())
  addChecks(app, loaded.deployment)
  const { stacks } = app.synth()
  const { totalUsdPerMonth } = idleFloor(stacks.map(({ template }) => template))
  console.error(`Without any mail this costs about $${totalUsdPerMonth.toFixed(2)} a month.`)
}
