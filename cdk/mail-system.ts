// The mail system on AWS, wired in the order mail takes. Six stacks: what must never be lost, the network, what runs behind the
// queues, what faces the world, what administers it, and what watches over all of it. Later stacks refer to earlier ones, weakly: none is locked.

import { type App, Stack, Tags } from 'aws-cdk-lib'
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets'
import { Cluster, ContainerInsights, type ICluster } from 'aws-cdk-lib/aws-ecs'
import { containerOf } from '#services/aws/environment.ts'
import type { Bundles } from './bundles.ts'
import type { Deployment } from './configuration.ts'
import type { ContainerParts } from './container-service.ts'
import { HttpApi } from './http-api.ts'
import type { SeparateService } from './listeners.ts'
import { LoadBalancer } from './load-balancer.ts'
import { Monitoring, watchLogs } from './monitoring.ts'
import { Network } from './network.ts'
import { output } from './output.ts'
import type { Parts } from './parts.ts'
import { watchQueuePrefix } from './permissions.ts'
import { Queues } from './queues.ts'
import { Api } from './services/api.ts'
import { Certificates } from './services/certificates.ts'
import { CLEANUP_TIMEOUT, Cleanup } from './services/cleanup.ts'
import { Collector } from './services/collector.ts'
import { DELIVERY_TIMEOUT, Delivery } from './services/delivery.ts'
import { Edge } from './services/edge.ts'
import { Imap } from './services/imap.ts'
import { Jobs } from './services/jobs.ts'
import { Policy } from './services/policy.ts'
import { Pop3 } from './services/pop3.ts'
import { Probe } from './services/probe.ts'
import { Sender } from './services/sender.ts'
import { Smtp } from './services/smtp.ts'
import { Sweeper } from './services/sweeper.ts'
import { Storage } from './storage.ts'
import { settingVariables } from './variables.ts'
import { version } from './version.ts'
import { watchContainers } from './watch-containers.ts'
import { watchFunctions } from './watch-functions.ts'

/** `idleUsdPerMonth`: what the templates cost when no mail comes (idle-cost/), such as `62.90`; they cost the same whatever stands there. */
export function createMailSystem(
  app: App,
  deployment: Deployment,
  bundles: Bundles,
  idleUsdPerMonth: string,
): void {
  const { name, preset } = deployment
  const stack = (part: string, about: string) => {
    const made = new Stack(app, `${name}-${part}`, {
      description: `Postwolke: ${about}`,
      terminationProtection: part === 'data',
    })
    Tags.of(made).add('postwolke:component', part)
    return made
  }
  const data = stack('data', 'tables, objects and secrets')
  const network = stack('network', 'network')
  const pipeline = stack('pipeline', 'queues and functions')
  const edge = stack('edge', 'load balancer and containers')
  const operations = stack('operations', 'alarms and dashboard')

  const storage = new Storage(data, 'Storage', deployment)
  const sendsDirectly = deployment.egress === 'direct'
  const { vpc, senderAddress } = new Network(network, 'Network', {
    availabilityZones: preset.availabilityZones,
    storage,
    sendsDirectly,
  })
  const queues = new Queues(pipeline, 'Queues', {
    incoming: CLEANUP_TIMEOUT,
    active: DELIVERY_TIMEOUT,
    deferred: DELIVERY_TIMEOUT,
  })
  const parts = { deployment, bundles, storage, queues }

  // Clients reach the listeners, which ask policy, store the message and ring incoming.
  const policy = new Policy(pipeline, parts)
  const loadBalancer = new LoadBalancer(edge, 'LoadBalancer', { deployment, vpc })
  const cluster = new Cluster(edge, 'Cluster', {
    vpc,
    containerInsightsV2: ContainerInsights.DISABLED,
  }) as ICluster
  const image = new DockerImageAsset(edge, 'Image', {
    directory: bundles.image,
    platform: Platform.LINUX_ARM64,
  })
  const containers = createContainers(edge, {
    ...parts,
    vpc,
    policy,
    loadBalancer,
    cluster,
    image,
  })
  output(edge, 'WatchQueuePrefix', watchQueuePrefix(name))
  // The command line follows aliases and routes as the functions do.
  output(pipeline, 'Settings', JSON.stringify(settingVariables(deployment)))
  output(pipeline, 'IdleUsdPerMonth', idleUsdPerMonth)

  // Incoming wakes cleanup, which delivers here or rings active, which wakes delivery, or the sender.
  const cleanup = new Cleanup(pipeline, parts)
  const delivery = senderAddress === undefined ? [new Delivery(pipeline, parts)] : []
  const sender =
    senderAddress === undefined
      ? []
      : [new Sender(edge, { ...parts, vpc, cluster, image, address: senderAddress })]

  // The clock wakes these.
  const sweeper = new Sweeper(pipeline, parts)
  const collector = new Collector(pipeline, parts)
  const certificates =
    deployment.certificate === 'operator' ? [] : [new Certificates(pipeline, parts)]

  const probe = deployment.probeSecretArn === '' ? [] : [new Probe(pipeline, parts)]

  // Whoever administers asks api, which leaves to jobs what takes long. Nothing refers to their stack.
  const administration =
    deployment.api === 'on' ? administer(stack, { ...parts, idleUsdPerMonth }) : undefined

  const functions = [
    ...[policy, cleanup, ...delivery, sweeper, collector, ...certificates, ...probe],
    ...(administration === undefined ? [] : [administration.jobs]),
  ]
  new Monitoring(operations, 'Monitoring', {
    deployment,
    watched: [
      storage,
      queues,
      ...functions,
      ...sender,
      watchLogs(deployment),
      watchFunctions(functions),
      loadBalancer,
      watchContainers(deployment, containers),
      // Errors of api are answers of the HTTP API, which counts them.
      ...(administration === undefined ? [] : [administration.api, administration.httpApi]),
    ],
  })

  Tags.of(app).add('postwolke:instance', name)
  Tags.of(app).add('postwolke:version', version)
}

function administer(
  stack: (part: string, about: string) => Stack,
  parts: Parts & { readonly idleUsdPerMonth: string },
): { readonly jobs: Jobs; readonly api: Api; readonly httpApi: HttpApi } {
  const scope = stack('api', 'API and console')
  const jobs = new Jobs(scope, parts)
  const api = new Api(scope, { ...parts, jobs })
  const { deployment } = parts
  const httpApi = new HttpApi(scope, 'HttpApi', { deployment, lambda: api.lambda })
  return { jobs, api, httpApi }
}

const separate = { smtp: Smtp, imap: Imap, pop3: Pop3 } as const satisfies {
  readonly [name in SeparateService]: unknown
}

/** One service for all, or one for each protocol that is served. */
function createContainers(scope: Stack, parts: ContainerParts) {
  const { topology, listeners } = parts.deployment
  if (topology === 'combined') return [new Edge(scope, parts)]
  const served = new Set(listeners.map((name) => containerOf[name]))
  return [...served].map((name) => new separate[name](scope, parts))
}
