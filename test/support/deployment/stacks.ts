// Deploys the stacks of an assembly one after the other and keeps what they hand to each other: outputs and exports.

import type { Assembly, Stack } from './assembly.ts'
import type { Making } from './resources/making.ts'
import { makeResources } from './resources.ts'
import { evaluateText, holds, type Physical, type Scope } from './template.ts'

/** Stack to output to value, as `cdk deploy --outputs-file` writes it. */
export type Outputs = { readonly [stack: string]: { readonly [output: string]: string } }

export async function makeStacks(
  { stacks }: Assembly,
  making: Omit<Making, 'stackName'>,
): Promise<Outputs> {
  const outputs: Record<string, Record<string, string>> = {}
  const exported = new Map<string, unknown>()
  for (const stack of stacks) {
    const scope = scopeOf(stack, making, {
      exported: (name) => found(exported.get(name), `nothing is exported as ${name}`),
      stackOutput: (name, output) =>
        found(outputs[name]?.[output], `the stack ${name} has no output ${output}`),
    })
    await makeResources(scope, { ...making, stackName: stack.name })
    const own: Record<string, string> = (outputs[stack.name] = {})
    for (const [key, output] of Object.entries(stack.template.Outputs ?? {})) {
      if (!holds(output.Condition, scope)) continue
      const value = evaluateText(output.Value, scope)
      own[key] = value
      if (output.Export) exported.set(evaluateText(output.Export.Name, scope), value)
    }
  }
  return outputs
}

function scopeOf(
  stack: Stack,
  { region, accountId }: Pick<Making, 'region' | 'accountId'>,
  others: Pick<Scope, 'exported' | 'stackOutput'>,
) {
  const isElsewhere =
    (stack.region ?? region) !== region || (stack.accountId ?? accountId) !== accountId
  if (isElsewhere) throw new Error(`${stack.name} is bound to another account or region`)
  return {
    ...others,
    region,
    accountId,
    stackName: stack.name,
    template: stack.template,
    resources: new Map<string, Physical>(),
  }
}

function found(value: unknown, otherwise: string): unknown {
  if (value === undefined) throw new Error(otherwise)
  return value
}
