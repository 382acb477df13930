import { describe, expect, it } from 'vitest'
import {
  evaluate,
  evaluateText,
  holds,
  inOrder,
  type Physical,
  type Scope,
  type Template,
} from '#test/support/deployment/template.ts'

const table: Physical = { ref: 'table-1', attributes: { Arn: 'arn:aws:dynamodb:table/table-1' } }

/** A placeholder of Fn::Sub. */
const $ = (name: string) => `\${${name}}`

function scope(template: Template = {}, more: Partial<Scope> = {}): Scope {
  return {
    template: { Resources: { Table: { Type: 'AWS::DynamoDB::Table' } }, ...template },
    region: 'eu-central-1',
    accountId: '000000000000',
    stackName: 'mail',
    resources: new Map([['Table', table]]),
    exported: (name) => `export ${name}`,
    stackOutput: (stack, output) => `${output} of ${stack}`,
    ...more,
  }
}

describe('evaluate', () => {
  it.each<readonly [string, unknown, unknown]>([
    ['text as it is', 'a', 'a'],
    ['numbers, truths and null', [1, true, null], [1, true, null]],
    ['a resource', { Ref: 'Table' }, 'table-1'],
    ['the region', { Ref: 'AWS::Region' }, 'eu-central-1'],
    ['the account', { Ref: 'AWS::AccountId' }, '000000000000'],
    ['the partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['the suffix of addresses', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['the stack', { Ref: 'AWS::StackName' }, 'mail'],
    ['an attribute', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:table/table-1'],
    ['an attribute as text', { 'Fn::GetAtt': 'Table.Arn' }, 'arn:aws:dynamodb:table/table-1'],
    ['a join', { 'Fn::Join': ['/', ['a', { Ref: 'Table' }]] }, 'a/table-1'],
    ['a join of a list', { 'Fn::Join': ['-', { 'Fn::Split': [':', 'a:b'] }] }, 'a-b'],
    [
      'a substitution',
      { 'Fn::Sub': `${$('Table')} ${$('Table.Arn')} ${$('AWS::Region')} ${$('!Table')}` },
      `table-1 arn:aws:dynamodb:table/table-1 eu-central-1 ${$('Table')}`,
    ],
    [
      'a substitution with names of its own',
      { 'Fn::Sub': [`${$('x')}`, { x: { Ref: 'Table' } }] },
      'table-1',
    ],
    ['an item', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Table' }] }] }, '1'],
    ['zones', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, 'eu-central-1a'],
    [
      'an import',
      { 'Fn::ImportValue': { 'Fn::Sub': `${$('AWS::StackName')}-x` } },
      'export mail-x',
    ],
    [
      'an output of another stack',
      {
        'Fn::GetStackOutput': {
          StackName: 'data',
          OutputName: 'T',
          Region: { Ref: 'AWS::Region' },
        },
      },
      'T of data',
    ],
    [
      'nothing for no value',
      { a: { Ref: 'AWS::NoValue' }, b: [{ Ref: 'AWS::NoValue' }, 1] },
      { b: [1] },
    ],
    ['base64', { 'Fn::Base64': 'ab' }, 'YWI='],
  ])('gives %s', (_, value, expected) => {
    expect(evaluate(value, scope())).toEqual(expected)
  })

  it.each<readonly [string, unknown, string]>([
    ['an unknown function', { 'Fn::Cidr': ['10.0.0.0/16', 1] }, 'Fn::Cidr is not known'],
    ['an unknown resource', { Ref: 'Tabel' }, 'mail has no resource Tabel'],
    [
      'an unknown attribute',
      { 'Fn::GetAtt': ['Table', 'Url'] },
      'Table Table has no attribute Url',
    ],
    ['an unknown pseudo parameter', { Ref: 'AWS::Colour' }, 'AWS::Colour'],
    ['a dynamic reference', 'x{{resolve:ssm:a}}', 'dynamic references'],
    [
      'a dynamic reference in parts',
      { 'Fn::Join': ['', ['{{reso', 'lve:ssm:a}}']] },
      'dynamic references',
    ],
    ['an item beyond the end', { 'Fn::Select': [2, ['a']] }, 'Fn::Select has no item'],
    ['a list as text', { 'Fn::Join': ['', [['a']]] }, 'not text'],
    ['a function with company', { 'Fn::Join': ['', []], a: 1 }, 'Fn::Join must stand alone'],
    [
      'an output of another region',
      { 'Fn::GetStackOutput': { StackName: 'data', OutputName: 'T', Region: 'us-east-1' } },
      'another region',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(() => evaluate(value, scope())).toThrow(message)
  })

  it('takes parameters from the deployment, else their default', () => {
    const given = scope(
      {
        Parameters: {
          A: { Type: 'String', Default: 'a' },
          B: { Type: 'Number' },
          C: { Type: 'CommaDelimitedList', Default: 'x,y' },
          D: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/path' },
          E: { Type: 'String' },
        },
      },
      { parameters: { B: '2' } },
    )
    expect(evaluate([{ Ref: 'A' }, { Ref: 'B' }, { Ref: 'C' }], given)).toEqual([
      'a',
      '2',
      ['x', 'y'],
    ])
    expect(() => evaluate({ Ref: 'D' }, given)).toThrow('D is a parameter of SSM')
    expect(() => evaluate({ Ref: 'E' }, given)).toThrow('E has no value')
  })

  it('decides by conditions', () => {
    const given = scope({
      Conditions: {
        Here: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-central-1'] },
        There: { 'Fn::Not': [{ Condition: 'Here' }] },
        Both: { 'Fn::And': [{ Condition: 'Here' }, { Condition: 'There' }] },
        Either: { 'Fn::Or': [{ Condition: 'Here' }, { Condition: 'There' }] },
      },
    })
    const chosen = (name: string) =>
      evaluate({ 'Fn::If': [name, 'yes', { Ref: 'AWS::NoValue' }] }, given)
    expect(['Here', 'There', 'Both', 'Either'].map(chosen)).toEqual([
      'yes',
      undefined,
      undefined,
      'yes',
    ])
    expect(holds('There', given)).toBe(false)
    expect(holds(undefined, given)).toBe(true)
    expect(() => holds('Nowhere', given)).toThrow('there is no condition Nowhere')
    expect(evaluate({ Condition: 'of something else' }, given)).toEqual({
      Condition: 'of something else',
    })
  })

  it('finds values in mappings', () => {
    const given = scope({ Mappings: { Sizes: { 'eu-central-1': { tasks: '2' } } } })
    const find = (key: string) => ({ 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, key] })
    expect(evaluate(find('tasks'), given)).toBe('2')
    expect(() => evaluate(find('bytes'), given)).toThrow('Fn::FindInMap finds no')
  })

  it('gives numbers as text where text is needed', () => {
    expect(evaluateText(25, scope())).toBe('25')
    expect(() => evaluateText({}, scope())).toThrow('not text')
  })
})

describe('inOrder', () => {
  const of = (Properties: unknown, DependsOn?: string) => ({
    Type: 'T',
    Properties,
    ...(DependsOn !== undefined && { DependsOn }),
  })

  it('puts resources after those they refer to', () => {
    const Resources = {
      A: of({ x: [{ Ref: 'B' }] }),
      B: of({ x: { 'Fn::GetAtt': ['C', 'Arn'] } }),
      C: of({ x: { 'Fn::Sub': `${$('D.Arn')}-${$('!A')}-${$('AWS::Region')}` } }),
      D: of({ x: { 'Fn::Sub': [`${$('own')}`, { own: { Ref: 'E' } }] } }),
      E: of({}, 'F'),
      F: of({ x: { Ref: 'Parameter' } }),
    }
    expect(inOrder({ Resources }).map(([logicalId]) => logicalId)).toEqual([
      'F',
      'E',
      'D',
      'C',
      'B',
      'A',
    ])
  })

  it('refuses a circle', () => {
    const Resources = { A: of({ x: { Ref: 'B' } }), B: of({ x: { Ref: 'A' } }) }
    expect(() => inOrder({ Resources })).toThrow('in a circle: A, B, A')
  })
})
