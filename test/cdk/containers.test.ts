// The containers: what they are, what they are told and where they stand.

import { describe, expect, it } from 'vitest'
import { settingsByPath } from '#shared/settings/table.ts'
import { HEALTH_PORT, listenerTable } from '../../cdk/listeners.ts'
import { deploymentFiles } from './deployment-files.ts'
import { containersOf, publicSubnets } from './entries.ts'
import { readable } from './readable.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, type Synthesis, synthesize } from './synthesis.ts'

describe('container services', () => {
  it('are one for all, or one for each protocol', () => {
    expect(containersOf(standard).map(({ name }) => name)).toEqual(['edge'])
    expect(containersOf(scale).map(({ name }) => name)).toEqual(['smtp', 'imap', 'pop3'])
  })

  it('are only those that serve something', () => {
    const file = `${deploymentFiles.scale.replace(/probeSecretArn.*/, '')}\nlisteners = ["smtp", "pop3s"]`
    expect(containersOf(synthesize(file)).map(({ name }) => name)).toEqual(['smtp', 'pop3'])
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

  it.each(syntheses)(
    'of %s have roles and a log each, which they do not wait for: a log that cannot be written must not stop the mail',
    (_name, synthesis) => {
      for (const { Properties } of synthesis.find('AWS::ECS::TaskDefinition')) {
        const name = at(Properties, 'ContainerDefinitions.0.Name')
        expect(readable(Properties.TaskRoleArn, synthesis)).toBe(`${name}TaskTaskRole.Arn`)
        expect(readable(Properties.ExecutionRoleArn, synthesis)).toBe(
          `${name}TaskExecutionRole.Arn`,
        )
        const log = at(Properties, 'ContainerDefinitions.0.LogConfiguration')
        expect(log).toMatchObject({ LogDriver: 'awslogs', Options: { mode: 'non-blocking' } })
        expect(readable(at(log, 'Options.awslogs-group'), synthesis)).toBe(`${name}Log`)
      }
    },
  )

  it.each(syntheses)(
    'of %s open the ports of what they serve and that of their health, and the load balancer knows those',
    (_name, synthesis) => {
      const ports = synthesis.find('AWS::ElasticLoadBalancingV2::TargetGroup')
      const portOf = (arn: unknown) =>
        ports.find(({ id }) => id === at(arn, 'Ref'))?.Properties.Port
      for (const service of synthesis.find('AWS::ECS::Service')) {
        const name = service.id.replace(/Service[0-9A-F]{8}$/, '')
        expect(readable(service.Properties.TaskDefinition, synthesis)).toBe(`${name}Task`)
        // ECS takes no service before its target groups have listeners.
        const listeners = synthesis.find('AWS::ElasticLoadBalancingV2::Listener')
        const awaited = listeners.filter(({ id }) => service.DependsOn?.includes(id))
        expect(awaited).toHaveLength(list(service.Properties.LoadBalancers).length)
        const container = containersOf(synthesis).find((each) => each.name === name)?.container
        const open = list(at(container, 'PortMappings')).map((each) => at(each, 'ContainerPort'))
        const served = list(service.Properties.LoadBalancers)
        for (const each of served) {
          expect(at(each, 'ContainerName')).toBe(name)
          expect(portOf(at(each, 'TargetGroupArn'))).toBe(at(each, 'ContainerPort'))
        }
        expect(open).toEqual([...served.map((each) => at(each, 'ContainerPort')), HEALTH_PORT])
      }
    },
  )

  it.each(syntheses)(
    'of %s stand in the public subnets with an address: nothing else leads to AWS without a NAT gateway',
    (_name, synthesis) => {
      for (const { Properties } of synthesis.find('AWS::ECS::Service')) {
        const network = at(Properties, 'NetworkConfiguration.AwsvpcConfiguration')
        expect(Properties.LaunchType).toBe('FARGATE')
        expect(at(network, 'AssignPublicIp')).toBe('ENABLED')
        const subnets = list(at(network, 'Subnets')).map((id) => readable(id, synthesis))
        expect(subnets).toEqual(publicSubnets(synthesis))
        const groups = list(at(network, 'SecurityGroups')).map((id) => readable(id, synthesis))
        expect(groups).toEqual(['LoadBalancerTaskSecurityGroup.GroupId'])
      }
    },
  )

  it.each(syntheses)(
    'of %s are as many as there were: a number here would undo scaling at every deployment',
    (_name, { find }) => {
      for (const { Properties } of find('AWS::ECS::Service')) {
        expect(Properties.DesiredCount).toBeUndefined()
        // One that starts reads its certificate first, and must not be killed before it could say what is wrong.
        expect(Properties.HealthCheckGracePeriodSeconds).toBe(60)
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
    const policies = scale.find('AWS::ApplicationAutoScaling::ScalingPolicy')
    expect(policies).toHaveLength(3)
    for (const { Properties } of policies) {
      expect(Properties).toMatchObject({
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: {
          PredefinedMetricSpecification: {
            PredefinedMetricType: 'ECSServiceAverageCPUUtilization',
          },
          TargetValue: 60,
        },
      })
    }
    const scaled = scale
      .find('AWS::ApplicationAutoScaling::ScalableTarget')
      .map(({ Properties }) => readable(Properties.ResourceId, scale))
    expect(scaled).toEqual(
      ['smtp', 'imap', 'pop3'].map((name) => `service/Cluster/${name}Service.Name`),
    )
  })

  it('are told which listeners are not theirs', () => {
    const off = Object.fromEntries(
      [...containersOf(standard), ...containersOf(scale)].map(({ name, variables }) => [
        name,
        Object.keys(variables).filter((variable) => variables[variable] === 'no'),
      ]),
    )
    const variable = (...names: string[]) =>
      names.map((name) => `POSTWOLKE_LISTENERS__${name}__ENABLED`)
    expect(off).toEqual({
      edge: variable('IMAP', 'POP3', 'MANAGESIEVE'),
      smtp: variable('IMAP', 'IMAPS', 'POP3', 'POP3S', 'MANAGESIEVE'),
      imap: variable('SMTP', 'SUBMISSION', 'SUBMISSIONS', 'POP3', 'POP3S'),
      pop3: variable('SMTP', 'SUBMISSION', 'SUBMISSIONS', 'IMAP', 'IMAPS', 'MANAGESIEVE'),
    })
  })

  it('trust a header of the load balancer only where it sends one', () => {
    for (const { variables } of containersOf(standard)) {
      expect(variables).not.toHaveProperty('POSTWOLKE_PROXY_TRUSTED_NETWORKS')
    }
    for (const { variables } of containersOf(scale)) {
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
