// IAM's evaluation rules, as the User Guide tells them.

import { describe, expect, it } from 'vitest'
import {
  type AccessRequest,
  allowanceKey,
  allowances,
  type Conditions,
  evaluate,
  parsePolicyDocument,
  type Statement,
} from '#test/support/deployment/iam.ts'
import { UnsupportedPolicy } from '#test/support/deployment/unsupported-policy.ts'

const table = 'arn:aws:dynamodb:eu-central-1:000000000000:table/mail'

describe('evaluate', () => {
  it.each([
    // Actions: wildcards, no case.
    ['dynamodb:GetItem', table, true],
    ['dynamodb:getitem', table, true],
    ['dynamodb:*', table, true],
    ['dynamodb:Get*', table, true],
    ['dynamodb:G?tItem', table, true],
    ['*', table, true],
    ['dynamodb:Ge', table, false],
    ['dynamodb:GetItem?', table, false],
    ['s3:*', table, false],
    // Resources: wildcards within a part of the ARN, case kept.
    ['dynamodb:GetItem', '*', true],
    ['dynamodb:GetItem', 'arn:aws:dynamodb:*:*:table/mail', true],
    ['dynamodb:GetItem', 'arn:aws:dynamodb:eu-central-1:000000000000:table/*', true],
    ['dynamodb:GetItem', 'arn:aws:dynamodb:eu-central-1:000000000000:table/m??l', true],
    ['dynamodb:GetItem', `${table}/index/*`, false],
    ['dynamodb:GetItem', 'arn:aws:dynamodb:eu-central-1:000000000000:table/Mail', false],
    ['dynamodb:GetItem', 'arn:aws:dynamodb:*:table/mail', false],
    ['dynamodb:GetItem', 'arn:aws:dynamodb', true], // the parts it lacks are wildcards
  ])('%s on %s: %s', (Action, Resource, isAllowed) => {
    expect(verdict([{ Effect: 'Allow', Action, Resource }]).kind).toBe(
      isAllowed ? 'allowed' : 'denied',
    )
  })

  it('denies what no statement allows', () => {
    expect(verdict([])).toEqual({ kind: 'denied', explicit: false })
  })

  it('denies explicitly what a statement denies, whatever allows it', () => {
    const allow = { Effect: 'Allow', Action: '*', Resource: '*' } as const
    const deny = { Effect: 'Deny', Action: 'dynamodb:*', Resource: '*' } as const
    expect(verdict([allow, deny])).toEqual({ kind: 'denied', explicit: true })
    expect(verdict([deny, allow])).toEqual({ kind: 'denied', explicit: true })
  })

  it('leaves a Deny out whose condition does not hold', () => {
    const isInsecure = { Bool: { 'aws:SecureTransport': 'false' } }
    const statements: Statement[] = [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: '*', Resource: '*', Condition: isInsecure },
    ]
    expect(verdict(statements, { 'aws:SecureTransport': 'true' }).kind).toBe('allowed')
    expect(verdict(statements, { 'aws:SecureTransport': 'false' }).kind).toBe('denied')
  })

  it('names the action and resource of the first statement that allows it', () => {
    const statements: Statement[] = [
      { Effect: 'Allow', Action: ['dynamodb:PutItem', 'dynamodb:Get*'], Resource: ['*'] },
      { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: table },
    ]
    expect(verdict(statements)).toEqual({
      kind: 'allowed',
      by: { action: 'dynamodb:Get*', resource: '*', conditions: {} },
    })
  })
})

describe('conditions', () => {
  const one = { key: 'a' }
  const list = { key: ['a', 'b'] }
  const nothing = {}

  it.each<[Conditions, AccessRequest['context'], boolean]>([
    // One value.
    [{ StringEquals: { key: 'a' } }, one, true],
    [{ StringEquals: { key: ['x', 'a'] } }, one, true],
    [{ StringEquals: { key: 'A' } }, one, false],
    [{ StringEquals: { key: '*' } }, one, false],
    [{ StringEquals: { KEY: 'a' } }, one, true],
    [{ StringEqualsIgnoreCase: { key: 'A' } }, one, true],
    [{ StringNotEquals: { key: 'x' } }, one, true],
    [{ StringNotEquals: { key: ['x', 'a'] } }, one, false],
    [{ StringLike: { key: '?' } }, one, true],
    [{ StringLike: { key: '??' } }, one, false],
    [{ StringNotLike: { key: '*' } }, one, false],
    [{ Bool: { key: true } }, { key: 'true' }, true],
    [{ Bool: { key: 'TRUE' } }, { key: 'true' }, true],
    [{ Bool: { key: 'false' } }, { key: 'true' }, false],
    [{ ArnLike: { key: 'arn:aws:sqs:*:*:in*' } }, { key: 'arn:aws:sqs:eu:1:incoming' }, true],
    [{ ArnEquals: { key: 'arn:aws:sqs:*:*:in*' } }, { key: 'arn:aws:sqs:eu:1:incoming' }, true],
    [{ ArnEquals: { key: 'arn:aws:sqs:*:in*' } }, { key: 'arn:aws:sqs:eu:1:incoming' }, false],
    [{ ArnNotLike: { key: 'arn:aws:sqs:*:*:*' } }, { key: 'arn:aws:sqs:eu:1:in' }, false],
    // A key the request does not have.
    [{ StringEquals: { key: 'a' } }, nothing, false],
    [{ StringLike: { key: '*' } }, nothing, false],
    [{ ArnEquals: { key: 'arn:*' } }, nothing, false],
    [{ Bool: { key: 'false' } }, nothing, false],
    [{ StringNotEquals: { key: 'a' } }, nothing, true],
    [{ StringNotLike: { key: '*' } }, nothing, true],
    [{ StringEqualsIfExists: { key: 'a' } }, nothing, true],
    [{ StringEqualsIfExists: { key: 'x' } }, one, false],
    [{ Null: { key: 'true' } }, nothing, true],
    [{ Null: { key: 'false' } }, nothing, false],
    [{ Null: { key: 'false' } }, one, true],
    [{ Null: { key: true } }, { key: [] }, true],
    // Keys of many values.
    [{ 'ForAllValues:StringEquals': { key: ['a', 'b', 'c'] } }, list, true],
    [{ 'ForAllValues:StringEquals': { key: 'a' } }, list, false],
    [{ 'ForAllValues:StringLike': { key: '?' } }, list, true],
    [{ 'ForAllValues:StringNotEquals': { key: 'a' } }, list, false],
    [{ 'ForAllValues:StringNotEquals': { key: 'x' } }, list, true],
    [{ 'ForAllValues:StringEquals': { key: 'x' } }, nothing, true],
    [{ 'ForAllValues:StringEquals': { key: 'x' } }, { key: [] }, true],
    [{ 'ForAnyValue:StringEquals': { key: 'b' } }, list, true],
    [{ 'ForAnyValue:StringEquals': { key: 'x' } }, list, false],
    [{ 'ForAnyValue:StringNotEquals': { key: 'a' } }, list, true],
    [{ 'ForAnyValue:StringNotEquals': { key: ['a', 'b'] } }, list, false],
    [{ 'ForAnyValue:StringEquals': { key: 'x' } }, nothing, false],
    [{ 'ForAnyValue:StringNotEquals': { key: 'x' } }, nothing, false],
    [{ 'ForAnyValue:StringEqualsIfExists': { key: 'x' } }, nothing, true],
    [{ 'ForAnyValue:StringEquals': { key: 'a' } }, one, true],
    // All operators and keys must hold.
    [{ StringEquals: { key: 'a', other: 'b' } }, { key: 'a', other: 'b' }, true],
    [{ StringEquals: { key: 'a', other: 'b' } }, one, false],
    [{ StringEquals: { key: 'a' }, StringLike: { key: 'b' } }, one, false],
  ])('%j in the context %j: %s', (Condition, context, holds) => {
    const statement: Statement = { Effect: 'Allow', Action: '*', Resource: '*', Condition }
    expect(verdict([statement], context).kind).toBe(holds ? 'allowed' : 'denied')
  })

  it('refuses to compare a key of many values without a set operator', () => {
    const Condition = { StringEquals: { key: 'a' } }
    expect(() =>
      verdict([{ Effect: 'Allow', Action: '*', Resource: '*', Condition }], { key: ['a'] }),
    ).toThrow(UnsupportedPolicy)
  })
})

describe('parsePolicyDocument', () => {
  const fine = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }

  it('takes single values and lists', () => {
    const policy = parsePolicyDocument({ Version: '2012-10-17', Statement: fine })
    expect(policy.Statement).toEqual([
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::bucket/*'] },
    ])
  })

  it('takes an empty list of statements, which allows nothing', () => {
    expect(parsePolicyDocument({ Statement: [] }).Statement).toEqual([])
  })

  it.each([
    ['no statement', undefined],
    ['NotAction', { Effect: 'Allow', NotAction: 's3:*', Resource: '*' }],
    ['NotResource', { Effect: 'Deny', Action: 's3:*', NotResource: '*' }],
    ['Principal', { ...fine, Principal: '*' }],
    ['another effect', { ...fine, Effect: 'allow' }],
    ['no action', { Effect: 'Allow', Resource: '*' }],
    ['no resource', { Effect: 'Allow', Action: '*' }],
    ['an unresolved intrinsic', { ...fine, Resource: { Ref: 'Bucket' } }],
    ['a policy variable', { ...fine, Resource: 'arn:aws:s3:::bucket/$\u007baws:username}' }],
    ['an unknown operator', { ...fine, Condition: { NumericEquals: { 's3:max-keys': '1' } } }],
    ['Null with IfExists', { ...fine, Condition: { NullIfExists: { key: 'true' } } }],
    ['a condition without keys', { ...fine, Condition: { StringEquals: 'a' } }],
    ['an unresolved condition', { ...fine, Condition: { StringEquals: { key: { Ref: 'A' } } } }],
  ])('refuses %s', (_, Statement) => {
    expect(() => parsePolicyDocument({ Statement })).toThrow(UnsupportedPolicy)
  })
})

describe('allowances', () => {
  it('lists each action on each resource, and nothing that is denied', () => {
    const Condition = { StringEquals: { key: 'a' } }
    const policy = parsePolicyDocument({
      Statement: [
        { Effect: 'Allow', Action: ['s3:a', 's3:b'], Resource: ['arn:x', 'arn:y'] },
        { Effect: 'Deny', Action: 's3:c', Resource: '*' },
        { Effect: 'Allow', Action: 's3:d', Resource: '*', Condition },
      ],
    })
    expect(allowances(policy).map(allowanceKey)).toEqual([
      's3:a on arn:x',
      's3:a on arn:y',
      's3:b on arn:x',
      's3:b on arn:y',
      's3:d on * if {"StringEquals":{"key":"a"}}',
    ])
  })

  it('gives what evaluate names', () => {
    const policy = parsePolicyDocument({
      Statement: [{ Effect: 'Allow', Action: ['s3:a', 'dynamodb:GetItem'], Resource: [table] }],
    })
    const by = evaluate([policy], request({}))
    expect(by).toEqual({ kind: 'allowed', by: allowances(policy)[1] })
  })
})

function request(context: AccessRequest['context']): AccessRequest {
  return { action: 'dynamodb:GetItem', resource: table, context }
}

function verdict(statements: readonly Statement[], context: AccessRequest['context'] = {}) {
  const policies = statements.map((Statement) => parsePolicyDocument({ Statement }))
  return evaluate(policies, request(context))
}
