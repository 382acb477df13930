// certificates: keeps the listeners' certificate fresh, by exporting the one ACM renews or by ordering one from an ACME
// authority. Operators who bring their own have no such function.

import { Duration, Stack } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import type { Deployment } from '../configuration.ts'
import type { Parts } from '../parts.ts'
import { allow } from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'
import type { Storage } from '../storage.ts'

export class Certificates extends PostwolkeFunction<'certificates'> {
  constructor(scope: Construct, { deployment, bundles, storage }: Omit<Parts, 'queues'>) {
    const isAcme = deployment.certificate === 'acme'
    const certificateArn = storage.certificate?.certificateArn ?? ''
    super(scope, 'certificates', {
      deployment,
      bundles,
      timeout: Duration.minutes(10),
      memoryMiB: deployment.preset.waitingFunctionMemoryMiB,
      environment: {
        TLS_SECRET: storage.tlsSecret.secretArn,
        CERTIFICATE_SOURCE: deployment.certificate,
        CERTIFICATE_ARN: certificateArn,
        ACME_DIRECTORY_URL: isAcme ? deployment.acmeDirectoryUrl : '',
        ACME_CONTACT: isAcme ? deployment.acmeContact : '',
        ACME_ACCOUNT_SECRET: storage.acmeAccountSecret?.secretArn ?? '',
        HOSTED_ZONE_ID: isAcme ? (deployment.hostedZone?.id ?? '') : '',
      },
      statements: [
        readAndWriteSecret(storage.tlsSecret.secretArn),
        ...(isAcme ? acme(scope, deployment, storage) : acm(certificateArn)),
      ],
    })
    this.every('Look', Schedule.rate(Duration.hours(1)))
    if (certificateArn !== '') {
      new Rule(this, 'Available', {
        eventPattern: {
          source: ['aws.acm'],
          detailType: ['ACM Certificate Available'],
          resources: [certificateArn],
        },
        targets: [new LambdaFunction(this.lambda)],
      })
    }
  }
}

function readAndWriteSecret(secretArn: string): PolicyStatement {
  return allow(['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], [secretArn])
}

function acm(certificateArn: string): PolicyStatement[] {
  return [allow(['acm:DescribeCertificate', 'acm:ExportCertificate'], [certificateArn])]
}

/** Of the zone only the one record that proves the host name, and of that only its text. */
function acme(
  scope: Construct,
  { hostname, hostedZone }: Deployment,
  { acmeAccountSecret }: Storage,
): PolicyStatement[] {
  const route53 = (resource: string, resourceName: string) =>
    Stack.of(scope).formatArn({
      service: 'route53',
      region: '',
      account: '',
      resource,
      resourceName,
    })
  const isInRecord = (key: string) => `route53:ChangeResourceRecordSets${key}`
  return [
    allow(['route53:ChangeResourceRecordSets'], [route53('hostedzone', hostedZone?.id ?? '')], {
      'ForAllValues:StringEquals': {
        [isInRecord('NormalizedRecordNames')]: [`_acme-challenge.${hostname}`],
        [isInRecord('RecordTypes')]: ['TXT'],
        [isInRecord('Actions')]: ['UPSERT', 'DELETE'],
      },
    }),
    allow(['route53:GetChange'], [route53('change', '*')]),
    ...(acmeAccountSecret ? [readAndWriteSecret(acmeAccountSecret.secretArn)] : []),
  ]
}
