// What AWS would refuse, or what would silently not work: checked before anything is started, each with the name of what is
// missing.

import type { Inventory } from './inventory.ts'

export function checkWiring(inventory: Inventory): void {
  const problems = [
    ...roles(inventory),
    ...mappings(inventory),
    ...schedules(inventory),
    ...listeners(inventory),
  ]
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

function roles(inventory: Inventory): readonly string[] {
  const needed = [
    ...inventory.functions.map(({ logicalId, roleArn }) => [logicalId, roleArn, 'lambda'] as const),
    ...inventory.taskDefinitions.flatMap(({ family, taskRoleArn, executionRoleArn }) =>
      [taskRoleArn, executionRoleArn ?? []]
        .flat()
        .map((arn) => [family, arn, 'ecs-tasks'] as const),
    ),
  ]
  return needed
    .filter(([, arn, service]) => !inventory.role(arn).trusted.includes(`${service}.amazonaws.com`))
    .map(([who, arn, service]) => `${who}: ${arn} does not trust ${service}`)
}

function mappings(inventory: Inventory): readonly string[] {
  return inventory.mappings
    .map((mapping) => ({
      queue: inventory.queue(mapping.queueArn),
      target: inventory.function(mapping.functionArn),
    }))
    .filter(({ queue, target }) => queue.visibilitySeconds < target.timeoutSeconds)
    .map(
      ({ queue, target }) =>
        `${queue.logicalId} shows messages again before ${target.logicalId} times out`,
    )
}

function schedules(inventory: Inventory): readonly string[] {
  return inventory.rules.flatMap((rule) =>
    rule.targets
      .filter(
        ({ functionArn }) =>
          !inventory.permissions.some(
            (permission) =>
              permission.functionArn === functionArn &&
              permission.principal === 'events.amazonaws.com' &&
              (permission.sourceArn ?? rule.arn) === rule.arn,
          ),
      )
      .map(({ functionArn }) => `${rule.logicalId} has no permission to invoke ${functionArn}`),
  )
}

const everywhere = ['0.0.0.0/0', '::/0']

function listeners(inventory: Inventory): readonly string[] {
  return inventory.listeners.flatMap((listener) => {
    const { port, targetGroupArn } = listener
    const balancer = inventory.loadBalancers.find(({ arn }) => arn === listener.loadBalancerArn)
    if (balancer === undefined) return [`the listener on ${port} has no load balancer`]
    const groups = balancer.securityGroups
    const problems: string[] = []
    if (groups !== undefined && !lets(inventory, groups, everywhere, port)) {
      problems.push(`the load balancer's security groups let nobody in on ${port}`)
    }
    const service = inventory.services.find(({ targets }) =>
      targets.some((target) => target.targetGroupArn === targetGroupArn),
    )
    const target = service?.targets.find((each) => each.targetGroupArn === targetGroupArn)
    if (service === undefined || target === undefined) {
      return [...problems, `no service stands behind the listener on ${port}`]
    }
    const container = inventory
      .taskDefinition(service.taskDefinitionArn)
      .containers.find(({ name }) => name === target.container)
    if (!container?.ports.includes(target.port)) {
      problems.push(`${service.logicalId} has no container ${target.container}:${target.port}`)
    }
    const { healthPort } = inventory.targetGroup(targetGroupArn)
    for (const needed of [target.port, healthPort]) {
      if (groups !== undefined && lets(inventory, service.securityGroups, groups, needed)) continue
      problems.push(`${service.logicalId} does not let the load balancer in on ${needed}`)
    }
    return problems
  })
}

function lets(
  inventory: Inventory,
  groups: readonly string[],
  sources: readonly string[],
  port: number,
): boolean {
  return inventory.ingresses.some(
    ({ group, source, fromPort, toPort }) =>
      groups.includes(group) &&
      [...sources, ...everywhere].includes(source) &&
      fromPort <= port &&
      port <= toPort,
  )
}
