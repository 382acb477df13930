// The network load balancer: one TCP listener and one target group for each mail listener. TLS ends in the containers, because
// STARTTLS needs the key there.
//
// Deliberately no PROXY protocol unless asked for: its header comes only after the client's first bytes, and in mail protocols
// the server speaks first. Clients' addresses are kept instead, which works for targets in the same network.

import { Duration } from 'aws-cdk-lib'
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import {
  type INetworkLoadBalancerTarget,
  NetworkLoadBalancer,
  NetworkTargetGroup,
  Protocol,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import type { Deployment } from './configuration.ts'
import { HEALTH_PORT, type ListenerName, listenerTable } from './listeners.ts'
import { FIVE_MINUTES } from './metrics.ts'
import { output } from './output.ts'
import type { AlarmFacts, Graph, Watched } from './watched.ts'

/** Longer than the 29 minutes after which IMAP clients renew IDLE. */
const IDLE_TIMEOUT = Duration.seconds(2_100)
const HTTPS = 443

export class LoadBalancer extends Construct implements Watched {
  readonly balancer: NetworkLoadBalancer
  readonly taskSecurityGroup: SecurityGroup
  readonly alarms: readonly AlarmFacts[] = []
  readonly graphs: readonly Graph[]
  readonly #deployment: Deployment
  readonly #vpc: IVpc
  readonly #securityGroup: SecurityGroup

  constructor(
    scope: Construct,
    id: string,
    { deployment, vpc }: { readonly deployment: Deployment; readonly vpc: IVpc },
  ) {
    super(scope, id)
    this.#deployment = deployment
    this.#vpc = vpc
    this.#securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'The world to the mail listeners',
      allowAllOutbound: false,
    })
    this.taskSecurityGroup = new SecurityGroup(this, 'TaskSecurityGroup', {
      vpc,
      description: 'The load balancer to the containers, and containers to AWS',
      allowAllOutbound: false,
    })
    this.taskSecurityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(HTTPS), 'services of AWS')
    for (const { name, port } of deployment.contentFilters) {
      if (port === null) continue
      this.taskSecurityGroup.addEgressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.tcp(port), name)
    }
    // Accounts that are still on an old server log in there; it may be anywhere.
    for (const port of deployment.sourcePorts) {
      this.taskSecurityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(port), `source ${port}`)
    }
    this.#reach(HEALTH_PORT, 'health')
    this.balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc,
      internetFacing: true,
      crossZoneEnabled: true,
      securityGroups: [this.#securityGroup],
    })
    this.#publishName()
    output(this, 'LoadBalancerName', this.balancer.loadBalancerDnsName)
    const { metrics } = this.balancer
    const flows = metrics.activeFlowCount({ period: FIVE_MINUTES })
    const paid = [
      metrics.consumedLCUs({ period: FIVE_MINUTES }),
      metrics.processedBytes({ period: FIVE_MINUTES }),
    ]
    this.graphs = [
      { row: 'Mailboxes', title: 'Connections', metrics: [flows] },
      { row: 'Cost', title: 'Load balancer', metrics: paid },
    ]
  }

  serve(name: ListenerName, targets: INetworkLoadBalancerTarget[]): NetworkTargetGroup {
    const { port, containerPort } = listenerTable[name]
    const isProxied = this.#deployment.clientAddress === 'proxy-v2'
    const targetGroup = new NetworkTargetGroup(this, `${name}Targets`, {
      vpc: this.#vpc,
      port: containerPort,
      protocol: Protocol.TCP,
      targetType: TargetType.IP,
      targets,
      preserveClientIp: !isProxied,
      proxyProtocolV2: isProxied,
      deregistrationDelay: Duration.seconds(this.#deployment.preset.drainSeconds),
      healthCheck: {
        protocol: Protocol.HTTP,
        port: String(HEALTH_PORT),
        path: '/readyz',
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    })
    // A target that leaves turns unready first; its sessions are told one after the other and must not be cut off for that.
    targetGroup.setAttribute(
      'target_health_state.unhealthy.connection_termination.enabled',
      'false',
    )
    targetGroup.setAttribute(
      'target_health_state.unhealthy.draining_interval_seconds',
      String(this.#deployment.preset.drainSeconds),
    )
    this.balancer.addListener(name, {
      port,
      protocol: Protocol.TCP,
      tcpIdleTimeout: IDLE_TIMEOUT,
      defaultTargetGroups: [targetGroup],
    })
    this.#securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(port), name)
    this.#reach(containerPort, name)
    return targetGroup
  }

  #reach(port: number, what: string): void {
    this.#securityGroup.addEgressRule(this.taskSecurityGroup, Port.tcp(port), what)
    this.taskSecurityGroup.addIngressRule(this.#securityGroup, Port.tcp(port), what)
  }

  #publishName(): void {
    const { hostedZone, hostname } = this.#deployment
    if (hostedZone === undefined) return
    new ARecord(this, 'Name', {
      zone: HostedZone.fromHostedZoneAttributes(this, 'Zone', {
        hostedZoneId: hostedZone.id,
        zoneName: hostedZone.name,
      }),
      recordName: `${hostname}.`,
      target: RecordTarget.fromAlias(new LoadBalancerTarget(this.balancer)),
    })
  }
}
