// The functions: what they are, what they are told, and what wakes them.

import { describe, expect, it } from 'vitest'
import {
  collectorJobs,
  type FunctionName,
  jobsJobs,
  sweeperJobs,
} from '#services/aws/environment.ts'
import { functionsOf } from './entries.ts'
import { readable } from './readable.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, type Synthesis } from './synthesis.ts'

describe('functions', () => {
  it('are those of the entries', () => {
    const names = ['policy', 'cleanup', 'delivery', 'sweeper', 'collector']
    const api = ['jobs', 'api']
    for (const synthesis of [standard, hobby]) {
      const found = functionsOf(synthesis).map(({ name }) => name)
      expect(found).toEqual([...names, 'certificates', ...api])
    }
    // An operator brings the certificate, and an account that writes to itself.
    expect(functionsOf(scale).map(({ name }) => name)).toEqual([...names, 'probe', ...api])
  })

  it('run Node 24 on arm64 and write a log that ends some day', () => {
    for (const { properties } of syntheses.flatMap(([, synthesis]) => functionsOf(synthesis))) {
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      })
      expect(at(properties, 'LoggingConfig.LogGroup')).toBeDefined()
      expect(at(properties, 'VpcConfig')).toBeUndefined()
    }
    for (const [, { find, deployment }] of syntheses) {
      for (const { Properties } of find('AWS::Logs::LogGroup')) {
        expect(Properties.RetentionInDays).toBe(deployment.logRetentionDays)
      }
    }
  })

  it.each(syntheses)(
    'of %s have a role and a log each, and write lines as they are: metrics are read from them',
    (_name, synthesis) => {
      for (const { name, properties } of functionsOf(synthesis)) {
        expect(readable(properties.Role, synthesis)).toBe(`${name}Role.Arn`)
        expect(readable(at(properties, 'LoggingConfig.LogGroup'), synthesis)).toBe(`${name}Log`)
        expect(at(properties, 'LoggingConfig.LogFormat')).toBe('Text')
      }
    },
  )

  it('may run for as long as their work takes: policy while a client waits, delivery as long as there is', () => {
    const timeouts = [...functionsOf(standard), ...functionsOf(scale)].map(
      ({ name, properties }) => [name, properties.Timeout],
    )
    expect(Object.fromEntries(timeouts)).toEqual({
      policy: 10,
      cleanup: 60,
      delivery: 900,
      sweeper: 300,
      collector: 900,
      certificates: 600,
      probe: 240,
      api: 29,
      jobs: 600,
    })
  })

  it.each(syntheses)(
    'of %s have the memory of those that compute, of those that wait, or of the one that people wait for',
    (_name, synthesis) => {
      const { functionMemoryMiB, waitingFunctionMemoryMiB } = synthesis.deployment.preset
      for (const { name, properties } of functionsOf(synthesis)) {
        const computes = ['policy', 'cleanup', 'jobs'].includes(name)
        const memory = computes ? functionMemoryMiB : waitingFunctionMemoryMiB
        // Somebody waits while it is loaded.
        expect(properties.MemorySize, name).toBe(name === 'api' ? 1_024 : memory)
      }
    },
  )

  it('are woken by their queues', () => {
    const mappings = standard
      .find('AWS::Lambda::EventSourceMapping')
      .map(({ Properties }) => [
        readable(Properties.EventSourceArn, standard),
        readable(Properties.FunctionName, standard),
        Properties.BatchSize,
        at(Properties, 'ScalingConfig.MaximumConcurrency'),
        Properties.FunctionResponseTypes,
      ])
    expect(mappings).toEqual([
      ['Queuesincoming.Arn', 'cleanupFunction', 10, 10, ['ReportBatchItemFailures']],
      ['Queuesactive.Arn', 'deliveryFunction', 1, 20, ['ReportBatchItemFailures']],
      ['Queuesdeferred.Arn', 'deliveryFunction', 1, 10, ['ReportBatchItemFailures']],
    ])
    // Lambda looks whether it may read when a mapping is made.
    for (const { Properties, DependsOn } of standard.find('AWS::Lambda::EventSourceMapping')) {
      const name = readable(Properties.FunctionName, standard).replace(/Function$/, '')
      const awaited = list(DependsOn).map((id) => readable({ Ref: id }, standard))
      expect(awaited).toContain(`${name}RoleDefaultPolicy`)
    }
  })

  it('are woken by the clock', () => {
    const rulesOf = (synthesis: Synthesis) =>
      synthesis
        .find('AWS::Events::Rule')
        .flatMap(({ Properties }) =>
          list(Properties.Targets).map((target) => [
            readable(at(target, 'Arn'), synthesis),
            Properties.ScheduleExpression ?? at(Properties, 'EventPattern.detail-type.0'),
            at(target, 'Input'),
          ]),
        )
    const job = (name: (typeof sweeperJobs | typeof collectorJobs | typeof jobsJobs)[number]) =>
      JSON.stringify({ job: name })
    const all = [
      ['sweeperFunction.Arn', 'rate(1 minute)', job('ring')],
      ['sweeperFunction.Arn', 'rate(1 hour)', job('signing-keys')],
      ['collectorFunction.Arn', 'rate(1 hour)', job('dead')],
      ['collectorFunction.Arn', 'rate(1 hour)', job('watch-queues')],
      ['collectorFunction.Arn', 'rate(1 day)', job('orphans')],
      ['collectorFunction.Arn', 'rate(1 day)', job('removals')],
    ]
    const jobs = [
      ['jobsFunction.Arn', 'rate(2 minutes)', job('work')],
      ['jobsFunction.Arn', 'rate(1 hour)', job('seal')],
      ['jobsFunction.Arn', 'rate(1 hour)', job('forget')],
    ]
    expect(rulesOf(standard)).toEqual([
      ...all,
      ['certificatesFunction.Arn', 'rate(1 hour)', undefined],
      ...jobs,
    ])
    expect(rulesOf(hobby)).toEqual([
      ...all,
      ['certificatesFunction.Arn', 'rate(1 hour)', undefined],
      ['certificatesFunction.Arn', 'ACM Certificate Available', undefined],
      ...jobs,
    ])
    expect(rulesOf(scale)).toEqual([
      ...all,
      ['probeFunction.Arn', 'rate(5 minutes)', undefined],
      ...jobs,
    ])
  })

  it('are as many at a time as the size says', () => {
    const most = syntheses.map(([name, { find }]) => [
      name,
      ...find('AWS::Lambda::EventSourceMapping').map(({ Properties }) =>
        at(Properties, 'ScalingConfig.MaximumConcurrency'),
      ),
    ])
    expect(most).toEqual([
      ['standard', 10, 20, 10],
      // Two is the least that a mapping may have.
      ['hobby', 2, 2, 2],
      ['scale', 100, 200, 100],
    ])
  })

  it.each(syntheses)(
    'of %s take their queues at once, and nothing of what the account may run from each other',
    (_name, synthesis) => {
      for (const { Properties } of synthesis.find('AWS::Lambda::EventSourceMapping')) {
        expect(Properties.Enabled ?? true).toBe(true)
        expect(Properties.MaximumBatchingWindowInSeconds ?? 0).toBe(0)
      }
      // What is reserved for one is taken from all others, and a new account may run ten at a time.
      for (const { name, properties } of functionsOf(synthesis)) {
        expect(properties.ReservedConcurrentExecutions, name).toBeUndefined()
      }
    },
  )

  it.each(syntheses)('of %s may be called by the rules that wake them', (_name, synthesis) => {
    const said = (value: unknown) => readable(value, synthesis)
    const allowed = synthesis
      .find('AWS::Lambda::Permission')
      .filter(({ Properties }) => Properties.Principal === 'events.amazonaws.com')
      .map(({ Properties }) => `${said(Properties.SourceArn)}: ${said(Properties.FunctionName)}`)
    const needed = synthesis.find('AWS::Events::Rule').flatMap(({ id, Properties }) => {
      expect(Properties.State).toBe('ENABLED')
      const rule = said({ 'Fn::GetAtt': [id, 'Arn'] })
      return list(Properties.Targets).map((target) => `${rule}: ${said(at(target, 'Arn'))}`)
    })
    expect(allowed.sort()).toEqual(needed.sort())
  })

  it('have a schedule for every job there is', () => {
    const inputs = standard
      .find('AWS::Events::Rule')
      .flatMap(({ Properties }) => list(at(Properties, 'Targets.0.Input')))
      .map((input): string => JSON.parse(String(input)).job)
    expect(inputs.sort()).toEqual([...sweeperJobs, ...collectorJobs, ...jobsJobs].sort())
  })
})

describe('the certificate', () => {
  it('of an ACME authority is ordered by the function', () => {
    expect(standard.find('AWS::CertificateManager::Certificate')).toEqual([])
    expect(variablesOf(standard, 'certificates')).toMatchObject({
      CERTIFICATE_SOURCE: 'acme',
      CERTIFICATE_ARN: '',
      ACME_DIRECTORY_URL: 'https://acme-v02.api.letsencrypt.org/directory',
      ACME_CONTACT: 'postmaster@example.org',
      HOSTED_ZONE_ID: 'Z0123456789ABCDEFGHIJ',
    })
  })

  it('of ACM may be exported, is proven in the zone and looked at when it is there', () => {
    const found = hobby
      .find('AWS::CertificateManager::Certificate')
      .filter(({ stack }) => stack === 'data')
    expect(found.map(({ Properties }) => Properties)).toMatchObject([
      {
        DomainName: 'mail.example.net',
        CertificateExport: 'ENABLED',
        ValidationMethod: 'DNS',
        DomainValidationOptions: [{ HostedZoneId: 'Z0123456789' }],
      },
    ])
    expect(variablesOf(hobby, 'certificates')).toMatchObject({
      CERTIFICATE_SOURCE: 'acm',
      ACME_DIRECTORY_URL: '',
      ACME_ACCOUNT_SECRET: '',
      HOSTED_ZONE_ID: '',
    })
    const events = hobby
      .find('AWS::Events::Rule')
      .flatMap(({ Properties }) => list(Properties.EventPattern))
    expect(events).toMatchObject([
      { source: ['aws.acm'], 'detail-type': ['ACM Certificate Available'] },
    ])
    const [certificate] = list(at(events[0], 'resources'))
    expect(readable(certificate, hobby)).toBe('StorageCertificate')
  })
})

function variablesOf(synthesis: Synthesis, name: FunctionName) {
  return functionsOf(synthesis).find((each) => each.name === name)?.variables
}
