// The checks find nothing but what was acknowledged, and whatever was acknowledged they do find.

import { App, Stack } from 'aws-cdk-lib'
import { CfnBucket } from 'aws-cdk-lib/aws-s3'
import { describe, expect, it } from 'vitest'
import { contextOfProject } from '#test/support/deployment/project.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { acknowledgements } from '../../cdk/acknowledgements.ts'
import { deploymentFiles } from './deployment-files.ts'
import { at, list, type Synthesis, synthesize } from './synthesis.ts'

const syntheses = Object.entries(deploymentFiles).map(
  ([name, file]) => [name, synthesize(file, { checked: true })] as const,
)

describe('checks of the templates', () => {
  it.each(syntheses)('find nothing new in %s', (_name, { report }) => {
    const plugins = list(at(report, 'pluginReports'))
    // CloudFormation's own is named only when it finds something.
    expect(plugins.map((plugin) => at(plugin, 'pluginName'))).toEqual([
      'AwsSolutions',
      'Serverless',
    ])
    expect(plugins.flatMap((plugin) => list(at(plugin, 'violations')))).toEqual([])
  })

  it('find everything that is acknowledged', () => {
    const found = new Set(syntheses.flatMap(([, synthesis]) => suppressed(synthesis)))
    const unfounded = new Set(
      syntheses.flatMap(([, { deployment }]) =>
        acknowledgements(deployment).flatMap(({ finding, at: where }) => {
          const wanted = general(`${finding} at `, deployment.name)
          if (typeof where !== 'string') return where.map((path) => `${wanted}${path}`)
          return [...found].some((text) => text.startsWith(wanted)) ? [] : [wanted]
        }),
      ),
    ).difference(found)
    // No alarm address, no subscription.
    unfounded.delete(
      'Serverless::Serverless-SNSRedrivePolicy at operations/Monitoring/Topic//Resource',
    )
    expect([...unfounded]).toEqual([])
  })

  it('do not let a template pass that CloudFormation would refuse', async () => {
    await using folder = await temporaryFolder()
    const app = new App({
      context: { ...contextOfProject(), '@aws-cdk/core:validationReportPrettyPrint': false },
      outdir: folder.path,
    })
    new CfnBucket(new Stack(app, 'wrong'), 'Bucket', {
      versioningConfiguration: { status: 'Perhaps' },
    })
    expect(() => app.synth()).toThrow('VersioningConfiguration.Status')
  })

  it('are acknowledged with a reason each', () => {
    for (const { reason } of syntheses.flatMap(([, { deployment }]) =>
      acknowledgements(deployment),
    )) {
      expect(reason).toMatch(/^[A-Z].{20,}\.$/)
    }
  })
})

function suppressed({ report, deployment: { name } }: Synthesis): string[] {
  return list(at(report, 'pluginReports'))
    .flatMap((plugin) => list(at(plugin, 'suppressedViolations')))
    .flatMap((violation) =>
      list(at(violation, 'violatingConstructs')).map((construct) => {
        const path = String(at(construct, 'constructPath')).slice(`${name}-`.length)
        return general(`${at(violation, 'acknowledgedId')} at ${path}`, name)
      }),
    )
}

/** The same for systems of different names. */
function general(text: string, name: string): string {
  return text
    .replaceAll(`"${name}-`, '"<name>-')
    .replaceAll(`pw-watch-${name}_`, 'pw-watch-<name>_')
}
