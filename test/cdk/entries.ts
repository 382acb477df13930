// What tests ask a synthesis for: functions and containers by the names of their entries, and where those stand.

import type { ContainerName, FunctionName } from '#services/aws/environment.ts'
import { readable } from './readable.ts'
import { at, list, type Synthesis } from './synthesis.ts'

type Variables = { readonly [name: string]: unknown }

export function functionsOf(synthesis: Synthesis) {
  return synthesis.find('AWS::Lambda::Function').map(({ id, Properties }) => ({
    /** As `readable` says it. */
    id: id.replace(/[0-9A-F]{8}$/, ''),
    name: id.replace(/Function[0-9A-F]{8}$/, '') as FunctionName,
    properties: Properties,
    variables: Object(at(Properties, 'Environment.Variables')) as Variables,
  }))
}

export function containersOf(synthesis: Synthesis) {
  return synthesis.find('AWS::ECS::TaskDefinition').map(({ id, Properties }) => {
    const container = at(Properties, 'ContainerDefinitions.0')
    const pairs = list(at(container, 'Environment')).map((variable) => [
      String(at(variable, 'Name')),
      at(variable, 'Value'),
    ])
    return {
      id: id.replace(/[0-9A-F]{8}$/, ''),
      name: at(container, 'Name') as ContainerName,
      container,
      variables: Object.fromEntries(pairs) as Variables,
    }
  })
}

export function publicSubnets(synthesis: Synthesis): readonly string[] {
  return synthesis.find('AWS::EC2::Subnet').map(({ id }) => readable({ Ref: id }, synthesis))
}
