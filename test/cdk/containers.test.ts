// The network, the load balancer and the containers.

import { describe, expect, it } from 'vitest'
import { commonVariables, type EntryName, environments } from '#services/aws/environment.ts'
import { settingsByPath } from '#shared/runtime/settings/table.ts'
import { HEALTH_PORT, listenerTable } from '../../cdk/listeners.ts'
import { deploymentFiles } from './deployment-files.ts'
import { readable } from './readable.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, type Synthesis, synthesize } from './synthesis.ts'

describe('the network', () => {
  it.each([
    ['hobby', hobby, 1],
    ['standard', standard, 2],
    ['scale', scale, 3],
  ] as const)('of %s has a public subnet in each zone', (_name, { find }, zones) => {
    const subnets = find('AWS::EC2::Subnet').map(({ Properties }) => Properties)
    expect(subnets.map((subnet) => at(subnet, 'AvailabilityZone'))).toEqual(
      Array.from({ length: zones }, (_, n) => ({ 'Fn::Select': [n, { 'Fn::GetAZs': '' }] })),
    )
    expect(subnets.map(({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch)).toEqual(
      subnets.map(() => false),
    )
  })

  it.each(syntheses)(
    'of %s has no NAT gateway and only endpoints that cost nothing',
    (_name, { find }) => {
      expect(find('AWS::EC2::NatGateway')).toEqual([])
      const endpoints = find('AWS::EC2::VPCEndpoint')
      expect(endpoints.map(({ Properties }) => Properties.VpcEndpointType)).toEqual([
        'Gateway',
        'Gateway',
      ])
    },
  )

  it('lets its endpoints lead to nothing but our tables, our objects and layers of images', () => {
    const resources = standard
      .find('AWS::EC2::VPCEndpoint')
      .flatMap(({ Properties }) => list(at(Properties, 'PolicyDocument.Statement')))
      .flatMap((statement) => list(at(statement, 'Resource')))
    expect(resources.map((resource) => readable(resource, standard))).toEqual([
      'StorageDirectory.Arn',
      'StorageMail.Arn',
      'StorageQueue.Arn',
      'StorageCounters.Arn',
      'StorageObjects.Arn/mail/*',
      'StorageObjects.Arn',
      'arn:AWS::Partition:s3:::prod-AWS::Region-starport-layer-bucket/*',
    ])
  })

  it('writes all flows into the bucket of logs', () => {
    const [log, ...others] = standard.find('AWS::EC2::FlowLog')
    expect(others).toEqual([])
    expect(log?.Properties).toMatchObject({ LogDestinationType: 's3', TrafficType: 'ALL' })
    expect(readable(log?.Properties.LogDestination, standard)).toBe('StorageLogs.Arn/flow')
  })
})

describe('the load balancer', () => {
  it.each(syntheses)(
    'of %s passes TCP through, for longer than IMAP clients are silent',
    (_name, { find, deployment }) => {
      const listeners = find('AWS::ElasticLoadBalancingV2::Listener')
      expect(listeners.map(({ Properties }) => Properties.Port)).toEqual(
        deployment.listeners.map((name) => listenerTable[name].port),
      )
      for (const { Properties } of listeners) {
        expect(Properties).toMatchObject({
          Protocol: 'TCP',
          ListenerAttributes: [{ Key: 'tcp.idle_timeout.seconds', Value: '2100' }],
        })
      }
    },
  )

  it.each([
    ['standard', standard, { preserve_client_ip: true, proxy_protocol_v2: false }, 900],
    ['hobby', hobby, { preserve_client_ip: true, proxy_protocol_v2: false }, 300],
    ['scale', scale, { preserve_client_ip: false, proxy_protocol_v2: true }, 1800],
  ] as const)(
    'of %s tells containers the address of clients',
    (_name, { find, deployment }, way, drainSeconds) => {
      const groups = find('AWS::ElasticLoadBalancingV2::TargetGroup')
      expect(groups.map(({ Properties }) => Properties.Port)).toEqual(
        deployment.listeners.map((name) => listenerTable[name].containerPort),
      )
      for (const { Properties } of groups) {
        expect(Properties).toMatchObject({
          TargetType: 'ip',
          Protocol: 'TCP',
          HealthCheckProtocol: 'HTTP',
          HealthCheckPath: '/readyz',
          HealthCheckPort: String(HEALTH_PORT),
        })
        expect(attributes(Properties.TargetGroupAttributes)).toMatchObject({
          'preserve_client_ip.enabled': String(way.preserve_client_ip),
          'proxy_protocol_v2.enabled': String(way.proxy_protocol_v2),
          'deregistration_delay.timeout_seconds': String(drainSeconds),
          'target_health_state.unhealthy.connection_termination.enabled': 'false',
          'target_health_state.unhealthy.draining_interval_seconds': String(drainSeconds),
        })
      }
    },
  )

  it.each(syntheses)(
    'of %s is open to the world at the ports of its listeners, and nothing else is open',
    (_name, { find, deployment }) => {
      const open = find('AWS::EC2::SecurityGroup').flatMap(({ id, Properties }) =>
        list(Properties.SecurityGroupIngress).map((rule) => [
          id.replace(/[0-9A-F]{8}$/, ''),
          at(rule, 'CidrIp'),
          at(rule, 'FromPort'),
          at(rule, 'ToPort'),
        ]),
      )
      expect(open).toEqual(
        deployment.listeners.map((name) => {
          const { port } = listenerTable[name]
          return ['LoadBalancerSecurityGroup', '0.0.0.0/0', port, port]
        }),
      )
    },
  )

  it.each(syntheses)('of %s is all that reaches the containers', (_name, synthesis) => {
    const rules = synthesis
      .find('AWS::EC2::SecurityGroupIngress')
      .map(({ Properties }) => [
        readable(Properties.SourceSecurityGroupId, synthesis),
        readable(Properties.GroupId, synthesis),
        Properties.FromPort,
        Properties.ToPort,
      ])
    const ports = [
      HEALTH_PORT,
      ...synthesis.deployment.listeners.map((name) => listenerTable[name].containerPort),
    ]
    expect(rules).toEqual(
      ports.map((port) => [
        'LoadBalancerSecurityGroup.GroupId',
        'LoadBalancerTaskSecurityGroup.GroupId',
        port,
        port,
      ]),
    )
  })

  it('lets containers call nothing but HTTPS', () => {
    const egress = standard
      .find('AWS::EC2::SecurityGroup')
      .filter(({ id }) => id.includes('Task'))
      .flatMap(({ Properties }) => list(Properties.SecurityGroupEgress))
    expect(egress).toMatchObject([{ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }])
  })

  it('has the host name where there is a zone for it', () => {
    expect(
      standard.find('AWS::Route53::RecordSet').map(({ Properties }) => Properties),
    ).toMatchObject([
      { Name: 'mail.example.org.', Type: 'A', HostedZoneId: 'Z0123456789ABCDEFGHIJ' },
    ])
    expect(scale.find('AWS::Route53::RecordSet')).toEqual([])
  })
})

describe('container services', () => {
  it('are one for all, or one for each protocol', () => {
    expect(containers(standard).map(({ name }) => name)).toEqual(['edge'])
    expect(containers(scale).map(({ name }) => name)).toEqual(['smtp', 'imap', 'pop3'])
  })

  it('are only those that serve something', () => {
    const file = `${deploymentFiles.scale.replace(/probeSecretArn.*/, '')}\nlisteners = ["smtp", "pop3s"]`
    expect(containers(synthesize(file)).map(({ name }) => name)).toEqual(['smtp', 'pop3'])
  })

  it.each(syntheses)(
    'of %s run on arm64 without a shell or a writable file system',
    (_name, synthesis) => {
      for (const { Properties } of synthesis.find('AWS::ECS::TaskDefinition')) {
        expect(Properties).toMatchObject({
          RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
          ContainerDefinitions: [{ ReadonlyRootFilesystem: true, StopTimeout: 120 }],
          Cpu: String(synthesis.deployment.preset.taskCpu),
          Memory: String(synthesis.deployment.preset.taskMemoryMiB),
        })
        expect(at(Properties, 'ContainerDefinitions.0.Privileged')).toBeUndefined()
      }
      for (const { Properties } of synthesis.find('AWS::ECS::Service')) {
        expect(Properties).toMatchObject({
          EnableExecuteCommand: false,
          DeploymentConfiguration: {
            DeploymentCircuitBreaker: { Enable: true, Rollback: true },
            MinimumHealthyPercent: 100,
            MaximumPercent: 200,
          },
        })
        expect(list(Properties.LoadBalancers).length).toBeLessThanOrEqual(5)
      }
    },
  )

  it('scale unless there is to be one', () => {
    const bounds = ({ find }: Synthesis) =>
      find('AWS::ApplicationAutoScaling::ScalableTarget').map(({ Properties }) => [
        Properties.MinCapacity,
        Properties.MaxCapacity,
      ])
    expect(bounds(hobby)).toEqual([])
    expect(bounds(standard)).toEqual([[2, 6]])
    expect(bounds(scale)).toEqual([
      [3, 30],
      [3, 30],
      [3, 30],
    ])
  })

  it('are told exactly what their entry reads, and mail settings', () => {
    for (const [, synthesis] of syntheses) {
      for (const { name, variables } of containers(synthesis)) {
        const own = Object.keys(variables).filter((variable) => !variable.startsWith('POSTWOLKE_'))
        expect(own.sort()).toEqual([...environments[name], ...commonVariables, 'AWS_REGION'].sort())
      }
    }
  })

  it('are told which listeners are not theirs', () => {
    const off = Object.fromEntries(
      [...containers(standard), ...containers(scale)].map(({ name, variables }) => [
        name,
        Object.keys(variables).filter((variable) => variables[variable] === 'no'),
      ]),
    )
    const variable = (...names: string[]) =>
      names.map((name) => `POSTWOLKE_LISTENERS__${name}__ENABLED`)
    expect(off).toEqual({
      edge: variable('IMAP', 'POP3'),
      smtp: variable('IMAP', 'IMAPS', 'POP3', 'POP3S'),
      imap: variable('SMTP', 'SUBMISSION', 'SUBMISSIONS', 'POP3', 'POP3S'),
      pop3: variable('SMTP', 'SUBMISSION', 'SUBMISSIONS', 'IMAP', 'IMAPS'),
    })
  })

  it('trust a header of the load balancer only where it sends one', () => {
    for (const { variables } of containers(standard)) {
      expect(variables).not.toHaveProperty('POSTWOLKE_PROXY_TRUSTED_NETWORKS')
    }
    for (const { variables } of containers(scale)) {
      const trusted = variables.POSTWOLKE_PROXY_TRUSTED_NETWORKS
      expect(readable(trusted, scale)).toBe('NetworkVpc.CidrBlock')
    }
  })

  it('listen where the settings say by themselves', () => {
    for (const [name, { containerPort }] of Object.entries(listenerTable)) {
      expect(settingsByPath.get(`listeners.${name}.port`)?.facts.default).toBe(containerPort)
    }
  })
})

function containers(synthesis: Synthesis) {
  return synthesis.find('AWS::ECS::TaskDefinition').map(({ Properties }) => {
    const container = at(Properties, 'ContainerDefinitions.0')
    const pairs = list(at(container, 'Environment')).map((variable) => [
      String(at(variable, 'Name')),
      at(variable, 'Value'),
    ])
    const variables: { readonly [name: string]: unknown } = Object.fromEntries(pairs)
    return { name: at(container, 'Name') as EntryName, variables }
  })
}

function attributes(pairs: unknown): { readonly [key: string]: unknown } {
  return Object.fromEntries(list(pairs).map((pair) => [at(pair, 'Key'), at(pair, 'Value')]))
}
