// What must never be lost: tables, buckets and secrets.

import { describe, expect, it } from 'vitest'
import { TAKEOUT_OBJECTS } from '#shared/administration/takeouts/records.ts'
import { JOB_KEPT_SECONDS } from '#shared/jobs/records.ts'
import { type TableLayout, tableLayouts } from '#shared/storage/ports.ts'
import { readable } from './readable.ts'
import { standard, syntheses } from './syntheses.ts'
import { at, list } from './synthesis.ts'

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
      for (const attribute of list(Properties.AttributeDefinitions)) {
        expect(at(attribute, 'AttributeType')).toBe('S')
      }
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
    expect(policies.map(({ Properties }) => readable(Properties.Bucket, standard))).toEqual([
      'StorageLogs',
      'StorageObjects',
    ])
    for (const { Properties } of policies) {
      const denied = list(at(Properties, 'PolicyDocument.Statement')).filter(
        (statement) => at(statement, 'Effect') === 'Deny',
      )
      expect(denied.map((statement) => at(statement, 'Condition'))).toEqual([
        { Bool: { 'aws:SecureTransport': 'false' } },
        { NumericLessThan: { 's3:TlsVersion': 1.2 } },
      ])
      const bucket = readable(Properties.Bucket, standard)
      for (const statement of denied) {
        expect(statement).toMatchObject({ Action: 's3:*', Principal: { AWS: '*' } })
        const resources = list(at(statement, 'Resource')).map((each) => readable(each, standard))
        expect(resources).toEqual([`${bucket}.Arn`, `${bucket}.Arn/*`])
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
            // Or a marker would stay of every message that ever was.
            ExpiredObjectDeleteMarker: true,
          },
          // Longer than the collector lets them be, and than their job is known.
          {
            Prefix: TAKEOUT_OBJECTS,
            Status: 'Enabled',
            ExpirationInDays: (JOB_KEPT_SECONDS + 86_400) / 86_400,
            NoncurrentVersionExpiration: { NoncurrentDays: 1 },
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

describe('the bucket of logs', () => {
  const [logs] = standard.find('AWS::S3::Bucket').filter(({ id }) => id.includes('Logs'))

  it('forgets them after 90 days, and gets those of the objects', () => {
    expect(at(logs?.Properties, 'LifecycleConfiguration.Rules')).toEqual([
      { Status: 'Enabled', ExpirationInDays: 90 },
    ])
    const [objects] = standard.find('AWS::S3::Bucket').filter(({ id }) => id.includes('Objects'))
    const destination = at(objects?.Properties, 'LoggingConfiguration.DestinationBucketName')
    expect(readable(destination, standard)).toBe('StorageLogs')
  })

  it('takes nothing but logs of this account, from the services that write them', () => {
    const allowed = standard
      .find('AWS::S3::BucketPolicy')
      .flatMap(({ Properties }) => list(at(Properties, 'PolicyDocument.Statement')))
      .filter((statement) => at(statement, 'Effect') === 'Allow')
    const who = allowed.map((statement) => [
      at(statement, 'Principal.Service'),
      list(at(statement, 'Action')).join(),
      readable(at(statement, 'Resource'), standard),
    ])
    expect(who).toEqual([
      ['logging.s3.amazonaws.com', 's3:PutObject', 'StorageLogs.Arn/objects/*'],
      [
        'delivery.logs.amazonaws.com',
        's3:PutObject',
        'StorageLogs.Arn/flow/AWSLogs/AWS::AccountId/*',
      ],
      ['delivery.logs.amazonaws.com', 's3:GetBucketAcl,s3:ListBucket', 'StorageLogs.Arn'],
    ])
    for (const statement of allowed) {
      const account = at(Object(at(statement, 'Condition')).StringEquals, 'aws:SourceAccount')
      expect(account).toEqual({ Ref: 'AWS::AccountId' })
    }
  })
})

describe('secrets', () => {
  it.each(syntheses)(
    'of %s begin with a generated placeholder: a given text would be written over the real one by each deployment',
    (_name, { find }) => {
      for (const { Properties } of find('AWS::SecretsManager::Secret')) {
        expect(Properties.SecretString).toBeUndefined()
        expect(Properties.GenerateSecretString).toEqual({
          GenerateStringKey: 'unused',
          SecretStringTemplate: '{"placeholder":true}',
        })
      }
    },
  )
})

function keys(schema: unknown) {
  const named = (type: string) =>
    at(
      list(schema).find((key) => at(key, 'KeyType') === type),
      'AttributeName',
    )
  return { pk: named('HASH'), sk: named('RANGE') }
}
