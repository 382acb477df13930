// What each role of a synthesis may do, as lines of `who: action on resource`.

import { readable } from './readable.ts'
import { at, list, type Synthesis } from './synthesis.ts'

export type Permission = {
  readonly role: string
  readonly action: string
  readonly resource: string
  readonly condition: string
}

export function permissions(synthesis: Synthesis): readonly Permission[] {
  return synthesis.find('AWS::IAM::Policy').flatMap(({ Properties }) =>
    list(Properties.Roles).flatMap((role) =>
      list(at(Properties, 'PolicyDocument.Statement')).flatMap((statement) => {
        if (at(statement, 'Effect') !== 'Allow') throw new Error('only Allow is expected')
        const condition = at(statement, 'Condition')
        return list(at(statement, 'Action')).flatMap((action) =>
          list(at(statement, 'Resource')).map((resource) => ({
            role: readable(role, synthesis),
            action: String(action),
            resource: readable(resource, synthesis),
            condition: condition === undefined ? '' : JSON.stringify(condition),
          })),
        )
      }),
    ),
  )
}

export function permissionsText(synthesis: Synthesis): string {
  const lines = permissions(synthesis).map(
    ({ role, action, resource, condition }) =>
      `${role}: ${action} on ${resource}${condition && ` if ${condition}`}`,
  )
  return `${[...new Set(lines)].sort().join('\n')}\n`
}
