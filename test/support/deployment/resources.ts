// Makes what a template describes: each type has a maker, and a type without one stops the deployment.

import { properties } from './properties.ts'
import { containerMakers } from './resources/containers.ts'
import { dataMakers } from './resources/data.ts'
import { fakeMakers } from './resources/fakes.ts'
import { functionMakers } from './resources/functions.ts'
import type { Making } from './resources/making.ts'
import { roleMakers } from './resources/roles.ts'
import { evaluate, holds, inOrder, type Physical, type Scope } from './template.ts'

const makers = {
  ...fakeMakers,
  ...dataMakers,
  ...roleMakers,
  ...functionMakers,
  ...containerMakers,
}

/** Makes the resources of the scope's template one after the other and adds them to the scope. */
export async function makeResources(
  scope: Scope & { readonly resources: Map<string, Physical> },
  making: Making,
): Promise<void> {
  for (const [logicalId, resource] of inOrder(scope.template)) {
    if (!holds(resource.Condition, scope)) continue
    const where = `${scope.stackName}: ${resource.Type} ${logicalId}`
    const maker = makers[resource.Type]
    if (maker === undefined) throw new Error(`${where}: the type is not known here`)
    try {
      const given = properties(evaluate(resource.Properties, scope))
      scope.resources.set(logicalId, await maker({ logicalId, properties: given, making }))
    } catch (error) {
      throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
  }
}
