// What stacks have in common: outputs, names, tags, and what they know of each other.

import { describe, expect, it } from 'vitest'
import { settingVariables } from '../../cdk/variables.ts'
import { functionsOf } from './entries.ts'
import { readable } from './readable.ts'
import { standard, syntheses } from './syntheses.ts'
import { at, list, stackNames } from './synthesis.ts'

describe('outputs', () => {
  it.each(syntheses)('of %s are where the command line looks for them', (_name, synthesis) => {
    const { templates, deployment } = synthesis
    const outputs = stackNames.flatMap((name) => Object.entries(templates[name].Outputs ?? {}))
    const keys = outputs.map(([key]) => key)
    expect(outputs.map(([key, { Value }]) => `${key}: ${readable(Value, synthesis)}`)).toEqual(
      expect.arrayContaining([
        'DirectoryTable: StorageDirectory',
        'MailTable: StorageMail',
        'QueueTable: StorageQueue',
        'CountersTable: StorageCounters',
        'ObjectsBucket: StorageObjects',
        'TlsSecret: StorageTls',
        'IncomingQueueUrl: Queuesincoming',
        'ActiveQueueUrl: Queuesactive',
        'DeferredQueueUrl: Queuesdeferred',
        'IncomingDeadQueueUrl: Queuesincomingdead',
        'ActiveDeadQueueUrl: Queuesactivedead',
        `Settings: ${JSON.stringify(settingVariables(deployment))}`,
        `WatchQueuePrefix: pw-watch-${deployment.name}_`,
        'LoadBalancerName: LoadBalancer.DNSName',
      ]),
    )
    for (const { name, id } of functionsOf(synthesis)) {
      const key = `${name[0]?.toUpperCase()}${name.slice(1)}Function`
      const { Value } = templates.pipeline.Outputs?.[key] ?? templates.api.Outputs?.[key] ?? {}
      expect(readable(Value, synthesis)).toBe(id)
    }
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('stacks', () => {
  it.each(syntheses)('of %s lock no other stack', (_name, { templates }) => {
    for (const name of stackNames) {
      const { Outputs = {} } = templates[name]
      for (const output of Object.values(Outputs)) expect(output.Export).toBeUndefined()
      expect(JSON.stringify(templates[name])).not.toContain('Fn::ImportValue')
    }
  })

  it('name what they make only where it cannot be helped', () => {
    const names = stackNames.flatMap((name) =>
      Object.values(standard.templates[name].Resources).flatMap(({ Type, Properties = {} }) =>
        Object.keys(Properties)
          .filter((key) => /^(?:\w+Name|Name)$/.test(key) && !ofOthers.has(key))
          .map((key) => `${Type} ${key}`),
      ),
    )
    expect([...new Set(names)].sort()).toEqual([
      'AWS::ApiGatewayV2::Api Name',
      'AWS::ApiGatewayV2::Stage StageName',
      'AWS::Route53::RecordSet Name',
    ])
  })

  it.each(syntheses)('of %s tag what they make', (_name, { deployment, find }) => {
    for (const { Properties } of [...find('AWS::Lambda::Function'), ...find('AWS::ECS::Service')]) {
      const tags = list(Properties.Tags).map((tag) => [at(tag, 'Key'), at(tag, 'Value')])
      expect(tags.map(([key]) => key)).toEqual([
        'postwolke:component',
        'postwolke:instance',
        'postwolke:version',
      ])
      expect(tags[1]?.[1]).toBe(deployment.name)
    }
    // Tasks are made by their service.
    for (const { Properties } of find('AWS::ECS::Service')) {
      expect(Properties.PropagateTags).toBe('SERVICE')
    }
  })

  it.each(syntheses)('of %s that hold data are not deleted by mistake', (_name, synthesis) => {
    expect(synthesis.protectedStacks).toEqual(['data'])
  })
})

/** Names of something else, and of roles' policies, which CDK names for itself. */
const ofOthers: ReadonlySet<string> = new Set([
  'ServiceName',
  'DisplayName',
  'DomainName',
  'FunctionName',
  'PolicyName',
  'MetricName',
  'GroupName',
])
