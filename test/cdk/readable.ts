// Values of templates as people name them: `Storage Mail.Arn` instead of an output of another stack that tells an attribute of a
// logical id.

import { at, type Synthesis, stackNames } from './synthesis.ts'

export function readable(value: unknown, synthesis: Synthesis): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const [kind, inner] = Object.entries(value)[0] ?? []
  switch (kind) {
    case 'Ref':
      return name(inner)
    case 'Fn::GetAtt':
      return `${name(inner[0])}.${inner[1]}`
    case 'Fn::Join':
      return inner[1].map((part: unknown) => readable(part, synthesis)).join(inner[0])
    case 'Fn::GetStackOutput':
      return readable(outputOf(inner, synthesis), synthesis)
    default:
      return JSON.stringify(value)
  }
}

function outputOf(reference: unknown, { deployment, templates }: Synthesis): unknown {
  const stack = stackNames.find(
    (each) => `${deployment.name}-${each}` === at(reference, 'StackName'),
  )
  const outputs = stack && templates[stack].Outputs
  return outputs?.[String(at(reference, 'OutputName'))]?.Value
}

/** Without the hash that makes logical ids unique. */
function name(id: unknown): string {
  return String(id).replace(/(?<=[a-z0-9])[0-9A-F]{8}$/, '')
}
