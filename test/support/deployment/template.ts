// CloudFormation's language: evaluates the functions in a template's values, as AWS does when it deploys. Whatever is not
// known here throws and says its name, so that a deployment is never tested on a guess.

import { isRecord } from './json.ts'

export type Resource = {
  readonly Type: string
  readonly Properties?: unknown
  readonly DependsOn?: string | readonly string[]
  readonly Condition?: string
}

export type Template = {
  readonly Parameters?: { readonly [name: string]: Parameter }
  readonly Mappings?: unknown
  readonly Conditions?: { readonly [name: string]: unknown }
  readonly Resources?: { readonly [logicalId: string]: Resource }
  readonly Outputs?: { readonly [key: string]: Output }
}

type Parameter = { readonly Type: string; readonly Default?: unknown }
type Output = {
  readonly Value: unknown
  readonly Export?: { readonly Name: unknown }
  readonly Condition?: string
}

/** What a resource that exists can be asked: `Ref` and `Fn::GetAtt`. */
export type Physical = {
  readonly ref: string
  readonly attributes: { readonly [name: string]: unknown }
}

/** All that a value in a template may refer to. */
export type Scope = {
  readonly template: Template
  readonly region: string
  readonly accountId: string
  readonly stackName: string
  readonly parameters?: { readonly [name: string]: string }
  /** Resources of this stack that exist already. */
  readonly resources: ReadonlyMap<string, Physical>
  /** `Fn::ImportValue`. */
  readonly exported: (name: string) => unknown
  /** `Fn::GetStackOutput`, the CDK's weak reference between stacks. */
  readonly stackOutput: (stackName: string, output: string) => unknown
}

const zones = ['a', 'b', 'c']

/** `Ref: AWS::NoValue`: the property is left out. */
const noValue = Symbol('AWS::NoValue')

/** The value with every function in it replaced by its result. */
export function evaluate(value: unknown, scope: Scope): unknown {
  const evaluated = evaluateOne(value, scope)
  return evaluated === noValue ? undefined : evaluated
}

/** The same for values that must be text. */
export function evaluateText(value: unknown, scope: Scope): string {
  return asText(evaluate(value, scope), value)
}

/** Whether a resource or an output with this condition is made. */
export function holds(condition: string | undefined, scope: Scope): boolean {
  return condition === undefined || namedCondition(condition, scope)
}

/** Resources in an order in which each comes after those it refers to. */
export function inOrder(template: Template): readonly (readonly [string, Resource])[] {
  const resources = template.Resources ?? {}
  const ordered: (readonly [string, Resource])[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (logicalId: string, path: readonly string[]): void => {
    const resource = resources[logicalId]
    if (resource === undefined || state.get(logicalId) === 'done') return
    if (state.get(logicalId) === 'open') {
      throw new Error(
        `resources refer to each other in a circle: ${[...path, logicalId].join(', ')}`,
      )
    }
    state.set(logicalId, 'open')
    const needed = [...[resource.DependsOn ?? []].flat(), ...references(resource.Properties)]
    for (const other of needed) visit(other, [...path, logicalId])
    state.set(logicalId, 'done')
    ordered.push([logicalId, resource])
  }
  for (const logicalId of Object.keys(resources)) visit(logicalId, [])
  return ordered
}

/** Names that the value refers to: resources and parameters. */
function references(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner]
    if (key === 'Fn::GetAtt') return [String(attributePath(inner)[0])]
    if (key === 'Fn::Sub') return [...substituted(inner), ...references(inner)]
    return references(inner)
  })
}

function substituted(argument: unknown): readonly string[] {
  const [text, own] = substitution(argument)
  return [...text.matchAll(placeholder)]
    .map(([, name = '']) => name.split('.')[0] ?? '')
    .filter((name) => !name.startsWith('!') && !(name in own))
}

function evaluateOne(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return withoutDynamicReference(value)
  if (Array.isArray(value)) {
    return value.map((item) => evaluateOne(item, scope)).filter((item) => item !== noValue)
  }
  if (!isRecord(value)) return value
  const [only, ...more] = Object.entries(value)
  if (only !== undefined && more.length === 0) {
    const [name, argument] = only
    if (name === 'Ref') return ref(String(argument), scope)
    if (name === 'Condition' && typeof argument === 'string' && isCondition(argument, scope)) {
      return namedCondition(argument, scope)
    }
    if (name.startsWith('Fn::')) return call(name, argument, scope)
  }
  const properties = Object.entries(value).map(([key, inner]) => {
    if (key.startsWith('Fn::')) throw new Error(`${key} must stand alone`)
    return [key, evaluateOne(inner, scope)] as const
  })
  return Object.fromEntries(properties.filter(([, inner]) => inner !== noValue))
}

function call(name: string, argument: unknown, scope: Scope): unknown {
  const run = functions[name]
  if (run === undefined) throw new Error(`the function ${name} is not known here`)
  const result = run(argument, scope)
  return typeof result === 'string' ? withoutDynamicReference(result) : result
}

const functions: Readonly<Record<string, (argument: unknown, scope: Scope) => unknown>> = {
  'Fn::GetAtt'(argument, scope) {
    const [logicalId, attribute] = attributePath(argument)
    return attributeOf(logicalId, evaluateText(attribute, scope), scope)
  },
  'Fn::Join'(argument, scope) {
    const [separator, list] = pair('Fn::Join', argument)
    return listOf(list, scope).join(String(separator))
  },
  'Fn::Sub'(argument, scope) {
    const [text, own] = substitution(argument)
    return text.replaceAll(placeholder, (whole: string, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`
      if (name in own) return evaluateText(own[name], scope)
      const [logicalId = '', ...attribute] = name.split('.')
      return attribute.length > 0
        ? asText(attributeOf(logicalId, attribute.join('.'), scope), whole)
        : asText(ref(name, scope), whole)
    })
  },
  'Fn::Select'(argument, scope) {
    const [index, list] = pair('Fn::Select', argument)
    const items = evaluate(list, scope)
    const chosen = Array.isArray(items) ? items[Number(evaluate(index, scope))] : undefined
    if (chosen === undefined) throw new Error(`Fn::Select has no item ${JSON.stringify(argument)}`)
    return chosen
  },
  'Fn::Split'(argument, scope) {
    const [separator, text] = pair('Fn::Split', argument)
    return evaluateText(text, scope).split(String(separator))
  },
  'Fn::GetAZs'(argument, scope) {
    const region = evaluateText(argument, scope) || scope.region
    return zones.map((zone) => `${region}${zone}`)
  },
  'Fn::Base64': (argument, scope) => Buffer.from(evaluateText(argument, scope)).toString('base64'),
  'Fn::ImportValue': (argument, scope) => scope.exported(evaluateText(argument, scope)),
  'Fn::GetStackOutput'(argument, scope) {
    const { StackName, OutputName, Region, RoleArn } = record('Fn::GetStackOutput', argument)
    if (RoleArn !== undefined) throw new Error('Fn::GetStackOutput of another account')
    const region = Region === undefined ? scope.region : evaluateText(Region, scope)
    if (region !== scope.region) throw new Error('Fn::GetStackOutput of another region')
    return scope.stackOutput(evaluateText(StackName, scope), evaluateText(OutputName, scope))
  },
  'Fn::FindInMap'(argument, scope) {
    if (!Array.isArray(argument)) throw new Error('Fn::FindInMap needs three keys')
    let found: unknown = scope.template.Mappings
    for (const key of argument) found = record('Fn::FindInMap', found)[evaluateText(key, scope)]
    if (found === undefined) throw new Error(`Fn::FindInMap finds no ${JSON.stringify(argument)}`)
    return found
  },
  'Fn::If'(argument, scope) {
    const [condition, then, otherwise] = Array.isArray(argument) ? argument : []
    return evaluateOne(namedCondition(String(condition), scope) ? then : otherwise, scope)
  },
  'Fn::Equals'(argument, scope) {
    const [left, right] = pair('Fn::Equals', argument)
    return JSON.stringify(evaluate(left, scope)) === JSON.stringify(evaluate(right, scope))
  },
  'Fn::Not': (argument, scope) => !truths('Fn::Not', argument, scope)[0],
  'Fn::And': (argument, scope) => truths('Fn::And', argument, scope).every(Boolean),
  'Fn::Or': (argument, scope) => truths('Fn::Or', argument, scope).some(Boolean),
}

function ref(name: string, scope: Scope): unknown {
  if (name === 'AWS::NoValue') return noValue
  const pseudo = pseudoParameters(scope)[name]
  if (pseudo !== undefined) return pseudo
  const parameter = scope.template.Parameters?.[name]
  if (parameter !== undefined) return parameterValue(name, parameter, scope)
  return existing(name, scope).ref
}

function pseudoParameters(scope: Scope): Readonly<Record<string, unknown>> {
  const { region, accountId, stackName } = scope
  return {
    'AWS::Region': region,
    'AWS::AccountId': accountId,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/0b5f7a30-c1d3-11f0-8de9-0242ac120002`,
    'AWS::NotificationARNs': [],
  }
}

function parameterValue(name: string, parameter: Parameter, scope: Scope): unknown {
  // Its value is the name of another value, which only AWS has.
  if (parameter.Type.startsWith('AWS::SSM::')) throw new Error(`${name} is a parameter of SSM`)
  const value = scope.parameters?.[name] ?? parameter.Default
  if (value === undefined) throw new Error(`the parameter ${name} has no value`)
  const isList = parameter.Type === 'CommaDelimitedList' || parameter.Type.startsWith('List<')
  return isList ? String(value).split(',') : String(value)
}

function attributeOf(logicalId: string, attribute: string, scope: Scope): unknown {
  const { attributes } = existing(logicalId, scope)
  const value = attributes[attribute]
  if (value === undefined) {
    const type = scope.template.Resources?.[logicalId]?.Type
    throw new Error(`${type} ${logicalId} has no attribute ${attribute} here`)
  }
  return value
}

function existing(logicalId: string, scope: Scope): Physical {
  const resource = scope.resources.get(logicalId)
  if (resource === undefined) throw new Error(`${scope.stackName} has no resource ${logicalId}`)
  return resource
}

function isCondition(name: string, scope: Scope): boolean {
  return scope.template.Conditions?.[name] !== undefined
}

function namedCondition(name: string, scope: Scope): boolean {
  if (!isCondition(name, scope)) throw new Error(`there is no condition ${name}`)
  return evaluate(scope.template.Conditions?.[name], scope) === true
}

function truths(name: string, argument: unknown, scope: Scope): readonly boolean[] {
  if (!Array.isArray(argument)) throw new Error(`${name} needs a list`)
  return argument.map((item) => evaluate(item, scope) === true)
}

function listOf(value: unknown, scope: Scope): readonly string[] {
  const list = evaluate(value, scope)
  if (!Array.isArray(list)) throw new Error(`not a list: ${JSON.stringify(value)}`)
  return list.map((item) => asText(item, value))
}

/** `['Table', 'Arn']` or `'Table.Arn'`. */
function attributePath(argument: unknown): readonly [string, unknown] {
  if (typeof argument === 'string') {
    const [logicalId = '', ...attribute] = argument.split('.')
    return [logicalId, attribute.join('.')]
  }
  const [logicalId, attribute] = pair('Fn::GetAtt', argument)
  return [String(logicalId), attribute]
}

/** `${Name}`, `${Name.Attribute}`, or `${!Name}` for the text `${Name}` itself. */
const placeholder = /\$\{([^}]+)\}/g

function substitution(argument: unknown): readonly [string, Readonly<Record<string, unknown>>] {
  if (typeof argument === 'string') return [argument, {}]
  const [text, own] = pair('Fn::Sub', argument)
  return [String(text), record('Fn::Sub', own)]
}

function withoutDynamicReference(text: string): string {
  if (text.includes('{{resolve:')) throw new Error(`dynamic references are not known here: ${text}`)
  return text
}

function asText(value: unknown, source: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Error(`not text: ${JSON.stringify(source)}`)
}

function pair(name: string, argument: unknown): readonly [unknown, unknown] {
  if (!Array.isArray(argument) || argument.length !== 2) throw new Error(`${name} needs two values`)
  return [argument[0], argument[1]]
}

function record(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Error(`${name} needs an object`)
  return value
}
