// All templates of a deployment as a text for reading and comparing: references by name, and without what every resource has or
// what changes with every change of the code.

import { readable } from './readable.ts'
import { type Synthesis, stackNames } from './synthesis.ts'

export function outline(synthesis: Synthesis): string {
  const lines = stackNames.flatMap((stack) => {
    const { Resources, Outputs = {} } = synthesis.templates[stack]
    return [
      `# ${stack}`,
      '',
      ...Object.entries(Resources).flatMap(([id, { Type, Properties, ...rest }]) => [
        `${id} ${Type}`,
        ...block({ ...rest, Metadata: undefined, ...Properties, Tags: undefined }, synthesis),
        '',
      ]),
      ...Object.entries(Outputs)
        // Those that other stacks read are named where they are read.
        .filter(([key]) => !key.startsWith('PublishOutput'))
        .map(([key, { Value }]) => `${key} = ${readable(Value, synthesis)}`),
      '',
    ]
  })
  return `${lines.join('\n').trimEnd()}\n`.replace(/\b[0-9a-f]{64}\b/g, '<hash>')
}

function block(value: unknown, synthesis: Synthesis, indent = '  '): string[] {
  return Object.entries(Object(value)).flatMap(([key, inner]) => {
    if (inner === undefined || key === 'Tags') return []
    const label = Array.isArray(value) ? '-' : `${key}:`
    if (isPlain(inner)) return [`${indent}${label} ${readable(inner, synthesis)}`]
    const lines = block(inner, synthesis, `${indent}  `)
    if (!Array.isArray(value)) return [`${indent}${label}`, ...lines]
    const [first = '', ...others] = lines
    return [`${indent}- ${first.trimStart()}`, ...others]
  })
}

/** Values and references. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const keys = Object.keys(value)
  if (keys.length === 0) return true
  return keys.length === 1 && /^(?:Ref|Fn::\w+)$/.test(keys[0] ?? '')
}
