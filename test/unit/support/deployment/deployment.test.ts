// A small assembly written by hand: what the harness understands, apart from what our own templates happen to use.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deployLocally } from '#test/support/deployment/deployment.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let resources: AsyncDisposableStack
let folder: string

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  folder = resources.use(await temporaryFolder()).path
  await writeFiles({
    'manifest.json': {
      artifacts: {
        // In the wrong order: what is needed first says so.
        Run: stack('Run', ['Data', 'Run.assets']),
        Data: stack('Data', []),
        'Run.assets': { type: 'cdk:asset-manifest', properties: { file: 'Run.assets.json' } },
      },
    },
    'Run.assets.json': {
      files: {
        code: { source: { path: 'code' }, destinations: { here: { objectKey: 'code.zip' } } },
      },
      dockerImages: {
        image: { source: { directory: 'image' }, destinations: { here: { imageTag: 'tag' } } },
      },
    },
    'Data.template.json': data,
    'Run.template.json': run,
    'code/index.mjs': `export const handle = async ({ Records }) => {
      console.log('event', process.env.COLOUR, Records.map(({ body }) => body).sort().join())
    }`,
    'image/Dockerfile': 'FROM node:24\nWORKDIR /app\nCOPY main.mjs ./\nCMD ["node", "main.mjs"]\n',
    'image/main.mjs': `import { createServer as http } from 'node:http'
import { createServer } from 'node:net'
const { HEALTH_ADDRESS: host, PASSWORD, USER_NAME } = process.env
createServer((socket) => socket.end(USER_NAME + ':' + PASSWORD.length)).listen(4025, host)
http((_, response) => response.end()).listen(4080, host)
process.on('SIGTERM', () => process.exit(7))`,
  })
})
afterEach(() => resources.disposeAsync())

const deploy = async (): Promise<Deployment> =>
  resources.use(await deployLocally({ assembly: folder, dynamoDbUrl: 'http://127.0.0.1:9' }))

describe('deployLocally', () => {
  it.each<readonly [string, (template: typeof run) => void, string]>([
    [
      'a secret that may not be read',
      ({ Resources }) => void (Resources.ExecutionRole.Properties.Policies.length = 0),
      'not authorized to perform: secretsmanager:GetSecretValue',
    ],
    [
      'a role that does not trust Lambda',
      ({ Resources }) =>
        void (Resources.WorkRole.Properties.AssumeRolePolicyDocument = trust('ec2')),
      'does not trust lambda',
    ],
    [
      'a function slower than its queue is patient',
      ({ Resources }) => void (Resources.Work.Properties.Timeout = 31),
      'Bells shows messages again before Work times out',
    ],
    [
      'a listener without a service',
      ({ Resources }) => void (Resources.Edge.Properties.LoadBalancers.length = 0),
      'no service stands behind the listener on 25',
    ],
    [
      'a package that is not in the assembly',
      ({ Resources }) => void (Resources.Work.Properties.Code.S3Key = 'other.zip'),
      'the assembly has no asset other.zip',
    ],
    [
      'an export that nobody made',
      ({ Resources }) =>
        void (Resources.Mapping.Properties.EventSourceArn['Fn::ImportValue'] = 'nothing'),
      'nothing is exported as nothing',
    ],
  ])('refuses %s', async (_, change, message) => {
    const changed = structuredClone(run)
    change(changed)
    await writeFiles({ 'Run.template.json': changed })
    await expect(deploy()).rejects.toThrow(message)
  })
})

async function writeFiles(files: Readonly<Record<string, object | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  }
}

function stack(name: string, dependencies: readonly string[]) {
  return {
    type: 'aws:cloudformation:stack',
    environment: 'aws://unknown-account/unknown-region',
    properties: { templateFile: `${name}.template.json` },
    dependencies,
  }
}

function trust(service: string) {
  return {
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: `${service}.amazonaws.com` },
      },
    ],
  }
}

function policy(Action: string | readonly string[], Resource: unknown) {
  return { PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource }] } }
}

const data = {
  Resources: {
    Bells: { Type: 'AWS::SQS::Queue' },
    Login: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: {
        GenerateSecretString: {
          SecretStringTemplate: '{"user":"postwolke"}',
          GenerateStringKey: 'password',
          PasswordLength: 20,
        },
      },
    },
  },
  Outputs: {
    Bells: { Value: { 'Fn::GetAtt': ['Bells', 'Arn'] }, Export: { Name: 'bells' } },
    Name: { Value: { 'Fn::GetAtt': ['Bells', 'QueueName'] } },
    Login: { Value: { Ref: 'Login' } },
  },
}

const login = { 'Fn::GetStackOutput': { StackName: 'Data', OutputName: 'Login' } }

const run = {
  Resources: {
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Work' },
        EventSourceArn: { 'Fn::ImportValue': 'bells' },
        BatchSize: 3,
        MaximumBatchingWindowInSeconds: 5,
      },
    },
    WorkRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('lambda'),
        Policies: [
          policy(['sqs:GetQueueAttributes', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'], {
            'Fn::ImportValue': 'bells',
          }),
        ],
      },
    },
    Work: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs24.x',
        Handler: 'index.handle',
        Code: { S3Key: 'code.zip' },
        Role: { 'Fn::GetAtt': ['WorkRole', 'Arn'] },
        Environment: { Variables: { COLOUR: 'red' } },
        Timeout: 10,
      },
    },
    TaskRole: {
      Type: 'AWS::IAM::Role',
      Properties: { AssumeRolePolicyDocument: trust('ecs-tasks') },
    },
    ExecutionRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('ecs-tasks'),
        Policies: [policy('secretsmanager:GetSecretValue', login)],
      },
    },
    Task: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        TaskRoleArn: { 'Fn::GetAtt': ['TaskRole', 'Arn'] },
        ExecutionRoleArn: { 'Fn::GetAtt': ['ExecutionRole', 'Arn'] },
        ContainerDefinitions: [
          {
            Name: 'edge',
            Image: 'somewhere:tag',
            PortMappings: [{ ContainerPort: 4025 }],
            Secrets: [
              { Name: 'USER_NAME', ValueFrom: { 'Fn::Join': ['', [login, ':user::']] } },
              { Name: 'PASSWORD', ValueFrom: { 'Fn::Join': ['', [login, ':password::']] } },
            ],
          },
        ],
      },
    },
    Edge: {
      Type: 'AWS::ECS::Service',
      Properties: {
        TaskDefinition: { Ref: 'Task' },
        DesiredCount: 1,
        NetworkConfiguration: {
          AwsvpcConfiguration: { SecurityGroups: [{ Ref: 'TaskGroup' }] },
        },
        LoadBalancers: [
          { ContainerName: 'edge', ContainerPort: 4025, TargetGroupArn: { Ref: 'Targets' } },
        ],
      },
    },
    BalancerGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: { SecurityGroupIngress: [{ IpProtocol: '-1', CidrIp: '0.0.0.0/0' }] },
    },
    TaskGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        SecurityGroupIngress: [
          {
            IpProtocol: 'tcp',
            FromPort: 4000,
            ToPort: 4999,
            SourceSecurityGroupId: { Ref: 'BalancerGroup' },
          },
        ],
      },
    },
    Balancer: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      Properties: { Type: 'network', SecurityGroups: [{ Ref: 'BalancerGroup' }] },
    },
    Targets: {
      Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
      Properties: { HealthCheckProtocol: 'HTTP', HealthCheckPort: '4080' },
    },
    Listener: {
      Type: 'AWS::ElasticLoadBalancingV2::Listener',
      Properties: {
        Port: 25,
        Protocol: 'TCP',
        LoadBalancerArn: { Ref: 'Balancer' },
        DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: 'Targets' } }],
      },
    },
  },
  Outputs: {
    Where: {
      Value: {
        'Fn::Join': [
          '/',
          [
            'http://queue-is-here',
            { 'Fn::GetStackOutput': { StackName: 'Data', OutputName: 'Name' } },
          ],
        ],
      },
    },
  },
}
