// Roles with the policies that are attached to them, wherever a template puts these.

import { type PolicyDocument, parsePolicyDocument } from '../iam.ts'
import { list, optionalText, type Properties, record, records, text } from '../properties.ts'
import type { Physical } from '../template.ts'
import { type Given, type Maker, physicalName } from './making.ts'

/** Policies of Amazon's own that a role may have: name to what they allow, as far as it is enforced here. */
const managedPolicies: Readonly<Record<string, PolicyDocument>> = {
  'service-role/AWSLambdaBasicExecutionRole': {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      },
    ],
  },
}

function role(given: Given): Physical {
  const { properties, making } = given
  const name = optionalText(properties, 'RoleName') ?? physicalName(given)
  const arn = `arn:aws:iam::${making.accountId}:role/${name}`
  making.inventory.roles.push({
    name,
    arn,
    accessKeyId: accessKeyOf(making.inventory.roles.length),
    trusted: trustedServices(record(properties, 'AssumeRolePolicyDocument')),
    policies: [
      ...list(properties, 'ManagedPolicyArns').map((policy) => managedPolicy(String(policy))),
      ...records(properties, 'Policies').map(documentOf),
    ],
  })
  return { ref: name, attributes: { Arn: arn, RoleId: `AROA${name}` } }
}

function accessKeyOf(count: number): string {
  return `ASIAROLE${String(count).padStart(12, '0')}`
}

function managedPolicy(arn: string): PolicyDocument {
  const known = managedPolicies[arn.split(':policy/')[1] ?? '']
  if (known === undefined) throw new Error(`the policy ${arn} is not known here`)
  return known
}

function policy(given: Given): Physical {
  const { properties, making } = given
  const document = documentOf(properties)
  for (const name of list(properties, 'Roles')) {
    const holder = making.inventory.roles.find((each) => each.name === name)
    if (holder === undefined) throw new Error(`${given.logicalId}: there is no role ${name}`)
    holder.policies.push(document)
  }
  const name = physicalName(given)
  return { ref: name, attributes: { Id: name } }
}

function documentOf(properties: Properties): PolicyDocument {
  return parsePolicyDocument(properties.PolicyDocument)
}

function trustedServices(document: Properties): readonly string[] {
  return records(document, 'Statement').flatMap((statement) => {
    if (text(statement, 'Effect') !== 'Allow') throw new Error('a role that trusts by denial')
    return [record(statement, 'Principal').Service ?? []].flat().map(String)
  })
}

export const roleMakers: Readonly<Record<string, Maker>> = {
  'AWS::IAM::Role': role,
  'AWS::IAM::Policy': policy,
  'AWS::IAM::ManagedPolicy': policy,
}
