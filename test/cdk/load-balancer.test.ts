// The load balancer: who may come in, by which port, and where to.

import { describe, expect, it } from 'vitest'
import { HEALTH_PORT, listenerTable } from '../../cdk/listeners.ts'
import { deploymentFiles } from './deployment-files.ts'
import { publicSubnets } from './entries.ts'
import { readable } from './readable.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, synthesize } from './synthesis.ts'

/** Services that serve several listeners have theirs beside each other; the order of all is no promise. */
const inOrder = <T>(rows: readonly T[]) =>
  rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

describe('the load balancer', () => {
  it.each(syntheses)(
    'of %s passes TCP through, for longer than IMAP clients are silent',
    (_name, { find, deployment }) => {
      const listeners = find('AWS::ElasticLoadBalancingV2::Listener')
      expect(inOrder(listeners.map(({ Properties }) => Properties.Port))).toEqual(
        inOrder(deployment.listeners.map((name) => listenerTable[name].port)),
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
      expect(inOrder(groups.map(({ Properties }) => Properties.Port))).toEqual(
        inOrder(deployment.listeners.map((name) => listenerTable[name].containerPort)),
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
          at(rule, 'IpProtocol'),
          at(rule, 'FromPort'),
          at(rule, 'ToPort'),
        ]),
      )
      expect(inOrder(open)).toEqual(
        inOrder(
          deployment.listeners.map((name) => {
            const { port } = listenerTable[name]
            return ['LoadBalancerSecurityGroup', '0.0.0.0/0', 'tcp', port, port]
          }),
        ),
      )
    },
  )

  it.each(syntheses)('of %s is all that reaches the containers', (_name, synthesis) => {
    const rules = synthesis
      .find('AWS::EC2::SecurityGroupIngress')
      .map(({ Properties }) => [
        readable(Properties.SourceSecurityGroupId, synthesis),
        readable(Properties.GroupId, synthesis),
        Properties.IpProtocol,
        Properties.FromPort,
        Properties.ToPort,
      ])
    const ports = [
      HEALTH_PORT,
      ...synthesis.deployment.listeners.map((name) => listenerTable[name].containerPort),
    ]
    expect(inOrder(rules)).toEqual(
      inOrder(
        ports.map((port) => [
          'LoadBalancerSecurityGroup.GroupId',
          'LoadBalancerTaskSecurityGroup.GroupId',
          'tcp',
          port,
          port,
        ]),
      ),
    )
  })

  it.each(syntheses)('of %s reaches them there, and nothing else', (_name, synthesis) => {
    const rules = synthesis
      .find('AWS::EC2::SecurityGroupEgress')
      .map(({ Properties }) => [
        readable(Properties.GroupId, synthesis),
        readable(Properties.DestinationSecurityGroupId, synthesis),
        Properties.IpProtocol,
        Properties.FromPort,
        Properties.ToPort,
      ])
    const ports = [
      HEALTH_PORT,
      ...synthesis.deployment.listeners.map((name) => listenerTable[name].containerPort),
    ]
    expect(inOrder(rules)).toEqual(
      inOrder(
        ports.map((port) => [
          'LoadBalancerSecurityGroup.GroupId',
          'LoadBalancerTaskSecurityGroup.GroupId',
          'tcp',
          port,
          port,
        ]),
      ),
    )
  })

  it.each(syntheses)('of %s stands in all zones before the world', (_name, synthesis) => {
    const [balancer, ...others] = synthesis.find('AWS::ElasticLoadBalancingV2::LoadBalancer')
    expect(others).toEqual([])
    expect(balancer?.Properties).toMatchObject({ Type: 'network', Scheme: 'internet-facing' })
    const groups = list(balancer?.Properties.SecurityGroups)
    expect(groups.map((id) => readable(id, synthesis))).toEqual([
      'LoadBalancerSecurityGroup.GroupId',
    ])
    const subnets = list(balancer?.Properties.Subnets).map((id) => readable(id, synthesis))
    expect(subnets).toEqual(publicSubnets(synthesis))
    // A zone whose only task has gone is served by the others.
    expect(attributes(balancer?.Properties.LoadBalancerAttributes)).toMatchObject({
      'load_balancing.cross_zone.enabled': 'true',
    })
  })

  it.each(syntheses)(
    'of %s hands each port of the world to its own of the containers',
    (_name, { find }) => {
      const groups = find('AWS::ElasticLoadBalancingV2::TargetGroup')
      const ways = find('AWS::ElasticLoadBalancingV2::Listener').map(({ Properties }) => {
        expect(list(Properties.DefaultActions)).toHaveLength(1)
        const target = at(Properties, 'DefaultActions.0.TargetGroupArn.Ref')
        return [Properties.Port, groups.find(({ id }) => id === target)?.Properties.Port]
      })
      const known = Object.values(listenerTable).map(({ port, containerPort }) => [
        port,
        containerPort,
      ])
      expect(known).toEqual(expect.arrayContaining(ways))
      expect(ways).toHaveLength(groups.length)
    },
  )

  it('misses a container that does not answer for half a minute, and not one that is slow once', () => {
    for (const { Properties } of standard.find('AWS::ElasticLoadBalancingV2::TargetGroup')) {
      const { HealthCheckIntervalSeconds, UnhealthyThresholdCount } = Properties
      expect(Number(HealthCheckIntervalSeconds) * Number(UnhealthyThresholdCount)).toBe(30)
      expect(Number(UnhealthyThresholdCount)).toBeGreaterThan(1)
      expect(Number(Properties.HealthCheckTimeoutSeconds)).toBeLessThan(
        Number(HealthCheckIntervalSeconds),
      )
    }
  })

  it('lets containers call nothing but HTTPS', () => {
    const egress = standard
      .find('AWS::EC2::SecurityGroup')
      .filter(({ id }) => id.includes('Task'))
      .flatMap(({ Properties }) => list(Properties.SecurityGroupEgress))
    expect(egress).toMatchObject([
      { CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 },
    ])
  })

  it('lets containers call an old server that accounts move from, at its ports alone', () => {
    const moving = synthesize(`sourcePorts = "993, 4190"\n${deploymentFiles.standard}`)
    const egress = moving
      .find('AWS::EC2::SecurityGroup')
      .filter(({ id }) => id.includes('Task'))
      .flatMap(({ Properties }) => list(Properties.SecurityGroupEgress))
    expect(egress).toMatchObject([
      { CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 },
      { CidrIp: '0.0.0.0/0', FromPort: 993, ToPort: 993 },
      { CidrIp: '0.0.0.0/0', FromPort: 4190, ToPort: 4190 },
    ])
  })

  it('has the host name where there is a zone for it', () => {
    expect(
      standard.find('AWS::Route53::RecordSet').map(({ Properties }) => Properties),
    ).toMatchObject([
      { Name: 'mail.example.org.', Type: 'A', HostedZoneId: 'Z0123456789ABCDEFGHIJ' },
    ])
    expect(scale.find('AWS::Route53::RecordSet')).toEqual([])
    const [record] = standard.find('AWS::Route53::RecordSet')
    expect(readable(at(record?.Properties, 'AliasTarget.DNSName'), standard)).toBe(
      'dualstack.LoadBalancer.DNSName',
    )
  })
})

function attributes(pairs: unknown): { readonly [key: string]: unknown } {
  return Object.fromEntries(list(pairs).map((pair) => [at(pair, 'Key'), at(pair, 'Value')]))
}
