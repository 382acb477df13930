// Task definitions, services, the load balancer before them and what its security groups let through.

import type { Container, Ingress, ProxyProtocol } from '../inventory.ts'
import {
  list,
  number,
  optionalText,
  type Properties,
  pairs,
  record,
  records,
  text,
} from '../properties.ts'
import type { Physical } from '../template.ts'
import { arnOf, type Given, type Maker, physicalName } from './making.ts'

const STOP_TIMEOUT_SECONDS = 30
/** Fargate's longest. */
const STOP_TIMEOUT_SECONDS_MAX = 120

function taskDefinition(given: Given): Physical {
  const { properties, making } = given
  const family = optionalText(properties, 'Family') ?? physicalName(given)
  const arn = arnOf(given, 'ecs', `task-definition/${family}-${making.suffix}:1`)
  making.inventory.taskDefinitions.push({
    arn,
    family,
    taskRoleArn: text(properties, 'TaskRoleArn'),
    executionRoleArn: optionalText(properties, 'ExecutionRoleArn'),
    containers: records(properties, 'ContainerDefinitions').map((each) => container(given, each)),
  })
  return { ref: arn, attributes: { TaskDefinitionArn: arn } }
}

function container({ making }: Given, properties: Properties): Container {
  const stopTimeoutSeconds = number(properties, 'StopTimeout', STOP_TIMEOUT_SECONDS)
  if (stopTimeoutSeconds > STOP_TIMEOUT_SECONDS_MAX) throw new Error('StopTimeout is too long')
  if (records(properties, 'EnvironmentFiles').length > 0) {
    throw new Error('environment files are not known here')
  }
  const image = text(properties, 'Image')
  const words = (name: string) =>
    properties[name] === undefined ? undefined : list(properties, name).map(String)
  return {
    name: text(properties, 'Name'),
    image: making.assets.image(image.slice(image.lastIndexOf(':') + 1)),
    environment: pairs(properties, 'Environment', ['Name', 'Value']),
    secrets: pairs(properties, 'Secrets', ['Name', 'ValueFrom']),
    ports: records(properties, 'PortMappings').map((port) => number(port, 'ContainerPort')),
    stopTimeoutSeconds,
    entryPoint: words('EntryPoint'),
    command: words('Command'),
  }
}

function service(given: Given): Physical {
  const { properties, making, logicalId } = given
  const name = optionalText(properties, 'ServiceName') ?? physicalName(given)
  const arn = arnOf(given, 'ecs', `service/${name}`)
  const network = record(record(properties, 'NetworkConfiguration'), 'AwsvpcConfiguration')
  making.inventory.services.push({
    logicalId,
    name,
    taskDefinitionArn: making.inventory.taskDefinition(text(properties, 'TaskDefinition')).arn,
    desiredCount: number(properties, 'DesiredCount', 1),
    securityGroups: list(network, 'SecurityGroups').map(String),
    targets: records(properties, 'LoadBalancers').map((target) => ({
      container: text(target, 'ContainerName'),
      port: number(target, 'ContainerPort'),
      targetGroupArn: making.inventory.targetGroup(text(target, 'TargetGroupArn')).arn,
    })),
  })
  return { ref: arn, attributes: { Name: name, ServiceArn: arn } }
}

/** What keeps a service at a number of tasks in place of its own. */
function scalableTarget(given: Given): Physical {
  const { properties, making } = given
  const serviceName = text(properties, 'ResourceId').split('/').at(-1) ?? ''
  making.inventory.scaling.push({ serviceName, tasksMin: number(properties, 'MinCapacity') })
  const id = physicalName(given)
  return { ref: id, attributes: { Id: id } }
}

function loadBalancer(given: Given): Physical {
  const { properties, making } = given
  if (text(properties, 'Type') !== 'network') throw new Error('only network load balancers')
  const name = optionalText(properties, 'Name') ?? physicalName(given).slice(0, 32)
  const arn = arnOf(given, 'elasticloadbalancing', `loadbalancer/net/${name}/${making.suffix}`)
  const groups =
    properties.SecurityGroups === undefined
      ? undefined
      : list(properties, 'SecurityGroups').map(String)
  making.inventory.loadBalancers.push({ arn, securityGroups: groups })
  return {
    ref: arn,
    attributes: {
      LoadBalancerArn: arn,
      LoadBalancerName: name,
      LoadBalancerFullName: `net/${name}/${making.suffix}`,
      DNSName: `${name}.elb.${making.region}.amazonaws.com`,
      CanonicalHostedZoneID: 'Z3F0SRJ5LGBH90',
      SecurityGroups: groups ?? [],
    },
  }
}

function targetGroup(given: Given): Physical {
  const { properties, making } = given
  const name = optionalText(properties, 'Name') ?? physicalName(given).slice(0, 32)
  const arn = arnOf(given, 'elasticloadbalancing', `targetgroup/${name}/${given.logicalId}`)
  if (optionalText(properties, 'HealthCheckProtocol') !== 'HTTP') {
    throw new Error(`${given.logicalId}: only HTTP says whether a task is ready`)
  }
  const port = optionalText(properties, 'HealthCheckPort') ?? 'traffic-port'
  making.inventory.targetGroups.push({
    arn,
    healthPort: port === 'traffic-port' ? number(properties, 'Port') : Number(port),
    healthPath: optionalText(properties, 'HealthCheckPath') ?? '/',
    proxyProtocol: proxyProtocol(pairs(properties, 'TargetGroupAttributes', ['Key', 'Value'])),
  })
  return {
    ref: arn,
    attributes: {
      TargetGroupArn: arn,
      TargetGroupName: name,
      TargetGroupFullName: `targetgroup/${name}/${given.logicalId}`,
    },
  }
}

function proxyProtocol(attributes: Readonly<Record<string, string>>): ProxyProtocol {
  if (attributes['proxy_protocol_v2.enabled'] !== 'true') return 'off'
  const placement = attributes['proxy_protocol_v2.client_to_server.header_placement']
  return placement === 'on_first_ack' ? 'at-once' : 'with-payload'
}

function listener(given: Given): Physical {
  const { properties, making } = given
  if (text(properties, 'Protocol') !== 'TCP') throw new Error('only TCP listeners')
  const port = number(properties, 'Port')
  const [action, ...more] = records(properties, 'DefaultActions')
  if (action === undefined || more.length > 0) throw new Error('a listener has one action')
  const forwarded = records(record(action, 'ForwardConfig'), 'TargetGroups')[0] ?? action
  const loadBalancerArn = text(properties, 'LoadBalancerArn')
  const arn = `${loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${given.logicalId}`
  making.inventory.listeners.push({
    loadBalancerArn,
    port,
    targetGroupArn: making.inventory.targetGroup(text(forwarded, 'TargetGroupArn')).arn,
  })
  return { ref: arn, attributes: { ListenerArn: arn } }
}

function securityGroup(given: Given): Physical {
  const { properties, making } = given
  const id = `sg-${given.logicalId}`
  const rules = records(properties, 'SecurityGroupIngress')
  making.inventory.ingresses.push(...rules.map((rule) => ingress(id, rule)))
  return { ref: id, attributes: { GroupId: id, VpcId: optionalText(properties, 'VpcId') ?? '' } }
}

function securityGroupIngress(given: Given): Physical {
  const { properties, making } = given
  making.inventory.ingresses.push(ingress(text(properties, 'GroupId'), properties))
  const id = `sgr-${given.logicalId}`
  return { ref: id, attributes: { Id: id } }
}

const PORT_MAX = 65_535

function ingress(group: string, rule: Properties): Ingress {
  const isAll = text(rule, 'IpProtocol') === '-1'
  return {
    group,
    source:
      optionalText(rule, 'SourceSecurityGroupId') ??
      optionalText(rule, 'CidrIp') ??
      text(rule, 'CidrIpv6'),
    fromPort: isAll ? 0 : number(rule, 'FromPort'),
    toPort: isAll ? PORT_MAX : number(rule, 'ToPort'),
  }
}

export const containerMakers: Readonly<Record<string, Maker>> = {
  'AWS::ECS::TaskDefinition': taskDefinition,
  'AWS::ECS::Service': service,
  'AWS::ApplicationAutoScaling::ScalableTarget': scalableTarget,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancer,
  'AWS::ElasticLoadBalancingV2::TargetGroup': targetGroup,
  'AWS::ElasticLoadBalancingV2::Listener': listener,
  'AWS::EC2::SecurityGroup': securityGroup,
  'AWS::EC2::SecurityGroupIngress': securityGroupIngress,
}
