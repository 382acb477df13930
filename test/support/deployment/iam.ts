// What identity policies allow, after IAM's rules: an explicit Deny wins, then any Allow, otherwise denied. Only what the
// templates of this project can need is understood; everything else is refused when a policy is read, never passed over.

import {
  arnMatches,
  type Context,
  checkConditions,
  conditionsHold,
  wildcardMatches,
} from './iam-conditions.ts'
import { isRecord, listOf, recordOf, textOf } from './json.ts'
import { UnsupportedPolicy } from './unsupported-policy.ts'

export type Conditions = { readonly [operator: string]: { readonly [key: string]: unknown } }

/** As in CloudFormation after its intrinsics are resolved. */
export type Statement = {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Conditions
}

export type PolicyDocument = {
  readonly Version?: string
  readonly Statement: readonly Statement[]
}

export type AccessRequest = {
  /** As in `dynamodb:GetItem`. */
  readonly action: string
  /** An ARN, or `*` for an action that knows no resource. */
  readonly resource: string
  /** A list is a key with many values, even when it has one: only `ForAllValues:` and `ForAnyValue:` may ask for it. */
  readonly context: Context
}

/** One action on one resource, both possibly with wildcards, that an Allow statement grants. */
export type Allowance = {
  readonly action: string
  readonly resource: string
  readonly conditions: Conditions
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly by: Allowance }
  /** `explicit`: by a Deny statement. */
  | { readonly kind: 'denied'; readonly explicit: boolean }

/**
 * Of documents that `parsePolicyDocument` has read. Of several allowances that grant the request the first counts: those
 * never counted could be removed.
 */
export function evaluate(policies: readonly PolicyDocument[], request: AccessRequest): Verdict {
  const statements = policies.flatMap((policy) => policy.Statement)
  const isDenied = statements.some(
    (statement) => statement.Effect === 'Deny' && grantIn(statement, request) !== undefined,
  )
  if (isDenied) return { kind: 'denied', explicit: true }
  for (const statement of statements) {
    if (statement.Effect !== 'Allow') continue
    const by = grantIn(statement, request)
    if (by !== undefined) return { kind: 'allowed', by }
  }
  return { kind: 'denied', explicit: false }
}

/** Everything a policy's Allow statements grant, to be compared with what calls used. */
export function allowances(policy: PolicyDocument): readonly Allowance[] {
  const { Statement } = parsePolicyDocument(policy)
  return Statement.filter(({ Effect }) => Effect === 'Allow').flatMap(grantsOf)
}

/** The same text for the same allowance. */
export function allowanceKey({ action, resource, conditions }: Allowance): string {
  const condition = Object.keys(conditions).length === 0 ? '' : ` if ${JSON.stringify(conditions)}`
  return `${action} on ${resource}${condition}`
}

function grantIn(statement: Statement, request: AccessRequest): Allowance | undefined {
  const match = grantsOf(statement).find(
    ({ action, resource }) =>
      wildcardMatches(action.toLowerCase(), request.action.toLowerCase()) &&
      resourceMatches(resource, request.resource),
  )
  if (match === undefined || !conditionsHold(match.conditions, request.context)) return undefined
  return match
}

function grantsOf(statement: Statement): readonly Allowance[] {
  const conditions = statement.Condition ?? {}
  return stringsOf(statement.Action).flatMap((action) =>
    stringsOf(statement.Resource).map((resource) => ({ action, resource, conditions })),
  )
}

function resourceMatches(pattern: string, resource: string): boolean {
  return pattern === '*' || arnMatches(pattern, resource)
}

function stringsOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}

/** Reads a policy from a template whose intrinsics are resolved; throws `UnsupportedPolicy`. */
export function parsePolicyDocument(value: unknown): PolicyDocument {
  const document = recordOf(value)
  if (document.Statement === undefined) throw new UnsupportedPolicy('no Statement', value)
  const version = textOf(document.Version)
  return {
    ...(version !== undefined && { Version: version }),
    Statement: listOf(document.Statement).map(parseStatement),
  }
}

const knownMembers: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Action',
  'Resource',
  'Condition',
])

function parseStatement(value: unknown): Statement {
  const statement = recordOf(value)
  const unknown = Object.keys(statement).find((member) => !knownMembers.has(member))
  if (unknown !== undefined) throw new UnsupportedPolicy(`${unknown} in a statement`, value)
  const { Effect, Sid } = statement
  if (Effect !== 'Allow' && Effect !== 'Deny') throw new UnsupportedPolicy('Effect', value)
  const conditions = statement.Condition
  if (conditions !== undefined) checkConditions(conditions)
  return {
    ...(typeof Sid === 'string' && { Sid }),
    Effect,
    Action: parsePatterns(statement.Action, value),
    Resource: parsePatterns(statement.Resource, value),
    ...(isConditions(conditions) && { Condition: conditions }),
  }
}

function isConditions(value: unknown): value is Conditions {
  return isRecord(value) && Object.values(value).every(isRecord)
}

function parsePatterns(value: unknown, statement: unknown): readonly string[] {
  const patterns = listOf(value)
  if (patterns.length === 0) throw new UnsupportedPolicy('no Action or Resource', statement)
  return patterns.map((pattern) => {
    if (typeof pattern !== 'string') throw new UnsupportedPolicy('an unresolved value', statement)
    if (pattern.includes('${')) throw new UnsupportedPolicy('a policy variable', statement)
    return pattern
  })
}
