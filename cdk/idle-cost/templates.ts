// Synthesised CloudFormation templates as one list of resources, with references followed from one to another, also across
// stacks. Only what the idle cost needs to know (idle-cost.ts).

export type Resource = {
  readonly id: string
  readonly type: string
  readonly properties: Fields
}

export type Fields = { readonly [name: string]: unknown }

export class Templates {
  readonly resources: readonly Resource[]
  readonly #stacks: readonly Stack[]
  readonly #stackOf = new Map<Resource, Stack>()

  constructor(templates: readonly object[]) {
    this.#stacks = templates.map((template) => readStack(template))
    for (const stack of this.#stacks) {
      for (const resource of stack.resources.values()) this.#stackOf.set(resource, stack)
    }
    this.resources = [...this.#stackOf.keys()]
  }

  /** The resource that a property of `from` refers to; undefined when none of the templates has it. */
  referred(value: unknown, from: Resource): Resource | undefined {
    const stack = this.#stackOf.get(from)
    return stack && this.#follow(value, stack)
  }

  #follow(value: unknown, stack: Stack): Resource | undefined {
    const reference = fields(value)
    if (typeof reference.Ref === 'string') return stack.resources.get(reference.Ref)
    const attribute = reference['Fn::GetAtt']
    if (Array.isArray(attribute)) return stack.resources.get(String(attribute[0]))
    if (typeof attribute === 'string') return stack.resources.get(attribute.split('.')[0] ?? '')
    const imported = reference['Fn::ImportValue']
    const named = fields(reference['Fn::GetStackOutput']).OutputName
    for (const other of this.#stacks) {
      for (const output of other.outputs) {
        const found =
          (imported !== undefined && output.exported === imported) ||
          (named !== undefined && output.name === named)
        if (found) return this.#follow(output.value, other)
      }
    }
    return undefined
  }
}

type Stack = {
  readonly resources: ReadonlyMap<string, Resource>
  readonly outputs: readonly {
    readonly name: string
    readonly exported: unknown
    readonly value: unknown
  }[]
}

function readStack(template: object): Stack {
  const { Resources, Outputs } = fields(template)
  const resources = Object.entries(fields(Resources)).map(([id, resource]) => {
    const { Type, Properties } = fields(resource)
    return [id, { id, type: String(Type), properties: fields(Properties) }] as const
  })
  const outputs = Object.entries(fields(Outputs)).map(([name, output]) => {
    const { Export, Value } = fields(output)
    return { name, exported: fields(Export).Name, value: Value }
  })
  return { resources: new Map(resources), outputs }
}

/** What is no object has no fields. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {}
}

/** What is no list in the template (an intrinsic function, say) is undefined. */
export function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}
