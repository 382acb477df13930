// Findings of the checks that are right in general and do not hold here, each at the resource it is about and with the reason.
// What is not in this list fails the synthesis; a test fails when something in it is found no more. What a reason says of every
// resource of a type (that messages are objects of their own, that clocks strike again) is acknowledged for the type.

import { type App, CfnResource, Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'
import { containerNames } from '#services/aws/environment.ts'
import { TAKEOUT_OBJECTS } from '#shared/administration/takeouts/records.ts'
import type { Deployment } from './configuration.ts'

export type Acknowledgement = {
  /** The id of the finding. */
  readonly finding: string
  /** Paths of resources, behind the name of the system; or a type, all resources of which it is about. */
  readonly at: readonly string[] | `AWS::${string}`
  readonly reason: string
}

export function acknowledge(app: App, deployment: Deployment): void {
  for (const { finding, at, reason } of acknowledgements(deployment)) {
    const resources =
      typeof at === 'string'
        ? ofType(app, at)
        : at.flatMap((path) => find(app, `${deployment.name}-${path}`) ?? [])
    for (const resource of resources) {
      Validations.of(resource).acknowledge({ id: finding, reason })
    }
  }
}

function ofType(app: App, type: string): IConstruct[] {
  return app.node
    .findAll()
    .filter((each) => CfnResource.isCfnResource(each) && each.cfnResourceType === type)
}

/** Undefined for what this deployment has not: another topology, another source of certificates. */
function find(app: App, path: string): IConstruct | undefined {
  return path
    .split('/')
    .reduce<IConstruct | undefined>((scope, id) => scope?.node.tryFindChild(id), app)
}

export function acknowledgements({ name, alarmEmail }: Deployment): readonly Acknowledgement[] {
  const wildcard = (resource: string) => `AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`
  const sqs = 'arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>'
  const objects = JSON.stringify({
    'Fn::GetStackOutput': {
      StackName: `${name}-data`,
      Region: { Ref: 'AWS::Region' },
      OutputName: 'PublishOutputFnGetAttStorageObjectsAC4CDBF6Arn84169678',
    },
  })
  return [
    {
      finding: 'AwsSolutions::AwsSolutions-SMG4',
      at: ['data/Storage/Tls/Resource'],
      reason:
        'The function certificates renews it when the certificate is due, not by the calendar.',
    },
    {
      finding: 'AwsSolutions::AwsSolutions-SMG4',
      at: ['data/Storage/AcmeAccount/Resource'],
      reason: 'The key names our account at the authority; a new key would be another account.',
    },
    {
      finding: 'AwsSolutions::AwsSolutions-EC23',
      at: ['edge/LoadBalancer/SecurityGroup/Resource'],
      reason: 'Mail comes from the whole world. Only the ports of mail listeners are open.',
    },
    {
      finding: 'AwsSolutions::AwsSolutions-ELB2',
      at: ['edge/LoadBalancer/Balancer/Resource'],
      reason:
        'A network load balancer logs TLS listeners only. Flow logs and our own logs tell who came.',
    },
    {
      finding: 'AwsSolutions::AwsSolutions-ECS4',
      at: ['edge/Cluster/Resource'],
      reason: 'It costs more than a small system altogether; our own metrics and alarms cover it.',
    },
    {
      finding: 'AwsSolutions::AwsSolutions-ECS2',
      at: 'AWS::ECS::TaskDefinition',
      reason:
        'Names of tables and queues and mail settings are no secrets; secrets are read at run time.',
    },
    {
      finding: wildcard('*'),
      at: [...containerNames, 'sender'].map(
        (name) => `edge/${name}/Task/ExecutionRole/DefaultPolicy/Resource`,
      ),
      reason:
        'A token for the image registry is for all of it or none (ecr:GetAuthorizationToken).',
    },
    {
      finding: wildcard(`${objects}/mail/*`),
      at: 'AWS::IAM::Policy',
      reason: 'Every message is an object of its own under this prefix.',
    },
    {
      finding: wildcard(`${objects}/${TAKEOUT_OBJECTS}*`),
      at: 'AWS::IAM::Policy',
      reason: 'Every volume of an exported mailbox is an object of its own under this prefix.',
    },
    {
      finding: wildcard(`${sqs}:pw-watch-${name}_*`),
      at: 'AWS::IAM::Policy',
      reason: 'Tasks make these queues themselves, each under its own name with this prefix.',
    },
    {
      finding: wildcard('*'),
      at: ['pipeline/collector/Role/DefaultPolicy/Resource'],
      reason:
        'Queues are listed all or none (sqs:ListQueues); nothing else is allowed on all of them.',
    },
    {
      finding: wildcard('*'),
      at: ['pipeline/delivery/Role/DefaultPolicy/Resource'],
      reason: 'The rate at which the account may send is told of all of SES (ses:GetAccount).',
    },
    {
      finding: wildcard('arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/*'),
      at: ['pipeline/delivery/Role/DefaultPolicy/Resource'],
      reason: 'Every domain of ours that SES has verified is an identity of its own.',
    },
    {
      finding: wildcard('arn:<AWS::Partition>:route53:::change/*'),
      at: ['pipeline/certificates/Role/DefaultPolicy/Resource'],
      reason: 'The id of a change is known only after it was made (route53:GetChange).',
    },
    {
      finding: 'AwsSolutions::AwsSolutions-APIG4',
      at: 'AWS::ApiGatewayV2::Route',
      reason:
        'Who asks is found by the function, by sessions, tokens and passkeys of ours; the sign-in and the console are for anybody.',
    },
    {
      finding: 'Serverless::Serverless-SQSRedrivePolicy',
      at: ['pipeline/Queues/incoming-dead/Resource', 'pipeline/Queues/active-dead/Resource'],
      reason: 'They are the dead-letter queues.',
    },
    {
      finding: 'Serverless::Serverless-LambdaDLQ',
      at: 'AWS::Lambda::Function',
      reason:
        'Nothing is lost with an event: listeners wait for answers, queues keep messages, clocks strike again.',
    },
    {
      finding: 'Serverless::Serverless-LambdaTracing',
      at: 'AWS::Lambda::Function',
      reason:
        'The log has the queue id on every line of every service; traces would cost per message.',
    },
    {
      finding: 'Serverless::Serverless-LambdaEventSourceMappingDestination',
      at: 'AWS::Lambda::EventSourceMapping',
      reason: 'Mappings of queues have none; the dead-letter queue of the queue takes its place.',
    },
    {
      finding: 'Serverless::Serverless-EventBusDLQ',
      at: 'AWS::Events::Rule',
      reason: 'What a lost event would have started starts with the next one.',
    },
    {
      finding: 'Serverless::Serverless-SNSRedrivePolicy',
      at: [`operations/Monitoring/Topic/${alarmEmail}/Resource`],
      reason: 'It sends mail to an operator; alarms stay red on the dashboard when that fails.',
    },
  ]
}
