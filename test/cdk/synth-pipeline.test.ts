// Storage, queues and functions.

import { describe, expect, it } from 'vitest'
import {
  collectorJobs,
  commonVariables,
  type EntryName,
  environments,
  sweeperJobs,
} from '#services/aws/environment.ts'
import { queueLayouts, type TableLayout, tableLayouts } from '#shared/storage/ports.ts'
import { CLEANUP_TIMEOUT, DELIVERY_TIMEOUT } from '../../cdk/timeouts.ts'
import { readable } from './readable.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, type Synthesis } from './synthesis.ts'

const DAY = 24 * 3600

describe('tables', () => {
  const tables = standard.find('AWS::DynamoDB::GlobalTable')

  it('are those of the port, with its indexes', () => {
    const found = tables.map(({ id, Properties }) => [
      id.replace(/^Storage|[0-9A-F]{8}$/g, '').toLowerCase(),
      Object.fromEntries(
        list(Properties.GlobalSecondaryIndexes).map((index) => [
          at(index, 'IndexName'),
          { ...keys(at(index, 'KeySchema')), projection: at(index, 'Projection.ProjectionType') },
        ]),
      ),
    ])
    const layouts: readonly TableLayout[] = Object.values(tableLayouts)
    const wanted = layouts.map(({ name, indexes }) => [
      name,
      Object.fromEntries(
        Object.entries(indexes).map(([index, { storedAs, ...key }]) => [
          storedAs ?? index,
          { ...key, projection: 'KEYS_ONLY' },
        ]),
      ),
    ])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted))
  })

  it('can be restored, and cannot be deleted by mistake', () => {
    for (const { Properties } of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        Replicas: [
          {
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          },
        ],
      })
      expect(keys(Properties.KeySchema)).toEqual({ pk: 'pk', sk: 'sk' })
    }
  })
})

describe('buckets', () => {
  it('are closed and encrypted', () => {
    for (const { Properties } of standard.find('AWS::S3::Bucket')) {
      expect(Properties).toMatchObject({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      })
    }
  })

  it('refuse whoever comes without TLS 1.2', () => {
    const policies = standard.find('AWS::S3::BucketPolicy')
    expect(policies).toHaveLength(2)
    for (const { Properties } of policies) {
      const denied = list(at(Properties, 'PolicyDocument.Statement')).filter(
        (statement) => at(statement, 'Effect') === 'Deny',
      )
      expect(denied.map((statement) => at(statement, 'Condition'))).toEqual([
        { Bool: { 'aws:SecureTransport': 'false' } },
        { NumericLessThan: { 's3:TlsVersion': 1.2 } },
      ])
      for (const statement of denied) {
        expect(statement).toMatchObject({ Action: 's3:*', Principal: { AWS: '*' } })
      }
    }
  })

  it('keep deleted messages for a while, and say who came for them', () => {
    const [objects] = standard.find('AWS::S3::Bucket').filter(({ id }) => id.includes('Objects'))
    expect(objects?.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          {
            Status: 'Enabled',
            NoncurrentVersionExpiration: { NoncurrentDays: 30 },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
        ],
      },
      LoggingConfiguration: { LogFilePrefix: 'objects/' },
    })
    // Messages stay until the collector deletes them.
    expect(
      at(objects?.Properties, 'LifecycleConfiguration.Rules.0.ExpirationInDays'),
    ).toBeUndefined()
  })
})

describe('queues', () => {
  const queues = standard.find('AWS::SQS::Queue')
  const named = (name: string) => {
    const found = queues.find(
      ({ Properties, id }) =>
        Properties && id.replace(/[0-9A-F]{8}$/, '') === `Queues${name.replace('-', '')}`,
    )
    return found?.Properties
  }

  it('keep a bell with its worker for six times as long as it may run, and deliver it ten times', () => {
    for (const [name, timeout] of [
      ['incoming', CLEANUP_TIMEOUT],
      ['active', DELIVERY_TIMEOUT],
    ] as const) {
      expect(at(named(name), 'VisibilityTimeout')).toBe(6 * timeout.toSeconds())
      expect(queueLayouts[name].receivesMax).toBeGreaterThanOrEqual(10)
    }
  })

  it('are those of the port', () => {
    expect(queues).toHaveLength(Object.keys(queueLayouts).length)
    for (const { name, receivesMax, ...layout } of Object.values(queueLayouts)) {
      const deadLetter = 'deadLetter' in layout ? layout.deadLetter : undefined
      const redrive = named(name)?.RedrivePolicy
      expect(at(redrive, 'maxReceiveCount')).toBe(deadLetter && receivesMax)
      expect(at(named(name), 'MessageRetentionPeriod')).toBe(deadLetter ? 4 * DAY : 14 * DAY)
      if (deadLetter !== undefined) {
        expect(readable(at(redrive, 'deadLetterTargetArn'), standard)).toBe(
          `Queues${deadLetter.replace('-', '')}.Arn`,
        )
      }
    }
  })

  it('are encrypted and refuse whoever comes without TLS', () => {
    for (const { Properties } of queues) expect(Properties.SqsManagedSseEnabled).toBe(true)
    const policies = standard.find('AWS::SQS::QueuePolicy')
    expect(policies).toHaveLength(queues.length)
    for (const { Properties } of policies) {
      expect(at(Properties, 'PolicyDocument.Statement')).toMatchObject([
        {
          Effect: 'Deny',
          Action: 'sqs:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ])
    }
  })

  it('leave a bell with its function for as long as that may run', () => {
    for (const { Properties } of standard.find('AWS::Lambda::EventSourceMapping')) {
      const queue = readable(Properties.EventSourceArn, standard).replace(/\.Arn$/, '')
      const timeout = functionsOf(standard).find(
        ({ id }) => id === readable(Properties.FunctionName, standard),
      )?.timeout
      const visible = queues.find(
        ({ id }) => id.startsWith(queue) && id.length === queue.length + 8,
      )
      expect(timeout).toBeGreaterThan(0)
      expect(at(visible, 'Properties.VisibilityTimeout')).toBeGreaterThan(Number(timeout))
    }
  })
})

describe('functions', () => {
  it('are those of the entries', () => {
    const names = ['policy', 'cleanup', 'delivery', 'sweeper', 'collector']
    expect(functionsOf(standard).map(({ name }) => name)).toEqual([...names, 'certificates'])
    expect(functionsOf(hobby).map(({ name }) => name)).toEqual([...names, 'certificates'])
    // An operator brings the certificate, and an account that writes to itself.
    expect(functionsOf(scale).map(({ name }) => name)).toEqual([...names, 'probe'])
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
    for (const { Properties } of syntheses.flatMap(([, { find }]) => find('AWS::Logs::LogGroup'))) {
      expect(Properties.RetentionInDays).toBeGreaterThan(0)
    }
  })

  it('are told exactly what their entry reads, and mail settings', () => {
    for (const [, synthesis] of syntheses) {
      for (const { name, variables } of functionsOf(synthesis)) {
        const names = Object.keys(variables)
        expect(names.filter((variable) => !variable.startsWith('POSTWOLKE_')).sort()).toEqual(
          [...environments[name], ...commonVariables].sort(),
        )
        expect(variables).toMatchObject({
          ...synthesis.deployment.mail,
          POSTWOLKE_HOSTNAME: synthesis.deployment.hostname,
        })
      }
    }
  })

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
    ])
  })

  it('are woken by the clock', () => {
    const rules = standard
      .find('AWS::Events::Rule')
      .flatMap(({ Properties }) =>
        list(Properties.Targets).map((target) => [
          readable(at(target, 'Arn'), standard),
          Properties.ScheduleExpression ?? at(Properties, 'EventPattern.detail-type.0'),
          at(target, 'Input'),
        ]),
      )
    const job = (name: (typeof sweeperJobs | typeof collectorJobs)[number]) =>
      JSON.stringify({ job: name })
    expect(rules).toEqual([
      ['sweeperFunction.Arn', 'rate(1 minute)', job('ring')],
      ['collectorFunction.Arn', 'rate(1 hour)', job('dead')],
      ['collectorFunction.Arn', 'rate(1 hour)', job('watch-queues')],
      ['collectorFunction.Arn', 'rate(1 day)', job('orphans')],
      ['collectorFunction.Arn', 'rate(1 day)', job('removals')],
      ['certificatesFunction.Arn', 'rate(1 hour)', undefined],
    ])
  })

  it('have a schedule for every job there is', () => {
    const inputs = standard
      .find('AWS::Events::Rule')
      .flatMap(({ Properties }) => list(at(Properties, 'Targets.0.Input')))
      .map((input): string => JSON.parse(String(input)).job)
    expect(inputs.sort()).toEqual([...sweeperJobs, ...collectorJobs].sort())
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
    const found = hobby.find('AWS::CertificateManager::Certificate')
    expect(found.map(({ Properties }) => Properties)).toMatchObject([
      {
        DomainName: 'mail.example.net',
        CertificateExport: 'ENABLED',
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
      .map(({ Properties }) => at(Properties, 'EventPattern.detail-type.0'))
    expect(events).toContain('ACM Certificate Available')
  })
})

function keys(schema: unknown) {
  const named = (type: string) =>
    at(
      list(schema).find((key) => at(key, 'KeyType') === type),
      'AttributeName',
    )
  return { pk: named('HASH'), sk: named('RANGE') }
}

function functionsOf(synthesis: Synthesis) {
  return synthesis.find('AWS::Lambda::Function').map(({ id, Properties }) => ({
    id: id.replace(/[0-9A-F]{8}$/, ''),
    name: id.replace(/Function[0-9A-F]{8}$/, '') as EntryName,
    properties: Properties,
    timeout: Properties.Timeout,
    variables: Object(at(Properties, 'Environment.Variables')) as {
      readonly [name: string]: unknown
    },
  }))
}

function variablesOf(synthesis: Synthesis, name: EntryName) {
  return functionsOf(synthesis).find((each) => each.name === name)?.variables
}
