// What a deployment costs while nothing happens, before it is synthesised: its API is told, so that it can tell. The templates are made once
// for that, in a folder that goes again, and are not checked.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import type { Bundles } from './bundles.ts'
import type { Deployment } from './configuration.ts'
import { idleCost } from './idle-cost/idle-cost.ts'
import { createMailSystem } from './mail-system.ts'

const NOT_KNOWN_YET = '0.00'

/** Dollars a month, such as `62.90`. */
export function measureIdleCost(
  deployment: Deployment,
  bundles: Bundles,
  context: { readonly [name: string]: unknown },
): string {
  const outdir = mkdtempSync(join(tmpdir(), 'postwolke-idle-cost-'))
  try {
    const app = new App({
      ...{ outdir, context, analyticsReporting: false, autoSynth: false },
      builtinCloudFormationValidation: false,
    })
    createMailSystem(app, deployment, bundles, NOT_KNOWN_YET)
    const { stacks } = app.synth()
    return idleCost(stacks.map(({ template }) => template)).totalUsdPerMonth.toFixed(2)
  } finally {
    rmSync(outdir, { recursive: true, force: true })
  }
}
