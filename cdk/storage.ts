// All that must never be lost: tables, message objects, the certificate and its secrets. None of it goes with its stack, and
// nothing refers to it in a way that could keep the stack from changing.

import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import {
  Certificate,
  CertificateValidation,
  type ICertificate,
} from 'aws-cdk-lib/aws-certificatemanager'
import { type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { AttributeType, Billing, ProjectionType, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { TAKEOUT_OBJECTS } from '#shared/administration/takeouts/records.ts'
import { JOB_KEPT_SECONDS } from '#shared/jobs/records.ts'
import { type TableLayout, type TableName, tableLayouts } from '#shared/storage/ports.ts'
import type { Deployment } from './configuration.ts'
import { FIVE_MINUTES, ownMetric } from './metrics.ts'
import { output } from './output.ts'
import type { AlarmFacts, Graph, Watched } from './watched.ts'

/** Time to undo what should not have been deleted. */
const DELETED_OBJECTS_KEPT = Duration.days(30)
/** At the most: longer than their job is known. */
const TAKEOUTS_KEPT = Duration.seconds(JOB_KEPT_SECONDS).plus(Duration.days(1))
const ACCESS_LOGS_KEPT = Duration.days(90)

export class Storage extends Construct implements Watched {
  readonly tables: { readonly [name in TableName]: TableV2 }
  readonly objects: Bucket
  /** Access logs of the objects, flow logs of the network. */
  readonly logs: IBucket
  readonly tlsSecret: Secret
  /** The key of the account at an ACME authority. */
  readonly acmeAccountSecret: Secret | undefined
  readonly certificate: ICertificate | undefined
  readonly alarms: readonly AlarmFacts[]
  readonly graphs: readonly Graph[]

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id)
    this.tables = {
      directory: table(this, 'Directory', tableLayouts.directory),
      mail: table(this, 'Mail', tableLayouts.mail),
      queue: table(this, 'Queue', tableLayouts.queue),
      counters: table(this, 'Counters', tableLayouts.counters),
    }
    this.logs = new Bucket(this, 'Logs', {
      ...closed,
      lifecycleRules: [{ expiration: ACCESS_LOGS_KEPT }],
    }) as IBucket
    this.objects = new Bucket(this, 'Objects', {
      ...closed,
      versioned: true,
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 'objects/',
      lifecycleRules: [
        {
          noncurrentVersionExpiration: DELETED_OBJECTS_KEPT,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
          expiredObjectDeleteMarker: true,
        },
        // Whoever takes his mail along and deletes it here need not wait for that; and should the collector not come, they end by themselves.
        {
          prefix: TAKEOUT_OBJECTS,
          expiration: TAKEOUTS_KEPT,
          noncurrentVersionExpiration: Duration.days(1),
        },
      ],
    })
    this.tlsSecret = secret(this, 'Tls', 'Certificate and key of the listeners')
    if (deployment.certificate === 'acme') {
      this.acmeAccountSecret = secret(this, 'AcmeAccount', 'Account at the ACME authority')
    }
    if (deployment.certificate === 'acm') this.certificate = certificate(this, deployment)

    output(this, 'DirectoryTable', this.tables.directory.tableName)
    output(this, 'MailTable', this.tables.mail.tableName)
    output(this, 'QueueTable', this.tables.queue.tableName)
    output(this, 'CountersTable', this.tables.counters.tableName)
    output(this, 'ObjectsBucket', this.objects.bucketName)
    output(this, 'TlsSecret', this.tlsSecret.secretArn)

    const throttled = ownMetric(deployment, 'Throttled')
    this.alarms = [
      {
        name: 'TableThrottles',
        meaning: 'DynamoDB refuses requests',
        metric: throttled,
        threshold: { hobby: 10, standard: 30, scale: 100 },
      },
    ]
    this.graphs = tableGraphs(Object.values(this.tables), throttled)
  }
}

function table(scope: Construct, id: string, { indexes }: TableLayout): TableV2 {
  const key = (name: string) => ({ name, type: AttributeType.STRING })
  const made = new TableV2(scope, id, {
    partitionKey: key('pk'),
    sortKey: key('sk'),
    timeToLiveAttribute: 'ttl',
    billing: Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  })
  for (const [name, { pk, sk, storedAs }] of Object.entries(indexes)) {
    made.addGlobalSecondaryIndex({
      indexName: storedAs ?? name,
      partitionKey: key(pk),
      sortKey: key(sk),
      projectionType: ProjectionType.KEYS_ONLY,
    })
  }
  return made
}

function tableGraphs(tables: readonly TableV2[], throttled: IMetric): readonly Graph[] {
  const sum = { period: FIVE_MINUTES, statistic: Stats.SUM }
  const reads = tables.map((each) => each.metricConsumedReadCapacityUnits(sum))
  const writes = tables.map((each) => each.metricConsumedWriteCapacityUnits(sum))
  return [
    { row: 'Cost', title: 'Table reads', metrics: reads },
    { row: 'Cost', title: 'Throttled', metrics: [throttled] },
    { row: 'Cost', title: 'Table writes', metrics: writes },
  ]
}

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN,
} as const

/**
 * Holds a placeholder until the first value is written. It is generated, because a text given here would be written again over
 * the real one by a later deployment.
 */
function secret(scope: Construct, id: string, description: string): Secret {
  return new Secret(scope, id, {
    description,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ placeholder: true }),
      generateStringKey: 'unused',
    },
    removalPolicy: RemovalPolicy.RETAIN,
  })
}

/** Exportable, because STARTTLS needs the key in the container. Paid when it is issued and at every renewal. */
function certificate(scope: Construct, { hostname, hostedZone }: Deployment): ICertificate {
  const zone =
    hostedZone &&
    HostedZone.fromHostedZoneAttributes(scope, 'Zone', {
      hostedZoneId: hostedZone.id,
      zoneName: hostedZone.name,
    })
  const made = new Certificate(scope, 'Certificate', {
    domainName: hostname,
    validation: CertificateValidation.fromDns(zone),
    allowExport: true,
  })
  made.applyRemovalPolicy(RemovalPolicy.RETAIN)
  return made
}
