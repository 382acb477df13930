// What each role may do. The lists beside this file are for reading: a change of rights is a change of theirs.

import { describe, expect, it } from 'vitest'
import { deploymentFiles } from './deployment-files.ts'
import { readable } from './readable.ts'
import { type Permission, permissions, permissionsText } from './roles.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, type Synthesis, synthesize } from './synthesis.ts'

describe('permissions', () => {
  it('are as they were, in one service', async () => {
    await expect(permissionsText(standard)).toMatchFileSnapshot('permissions.txt')
  })

  it('are as they were, in separate services', async () => {
    const only = permissionsText(scale)
      .split('\n')
      .filter((line) => /^(?:smtp|imap|pop3)TaskTaskRole/.test(line))
    await expect(`${only.join('\n')}\n`).toMatchFileSnapshot('permissions-separate.txt')
  })

  it('do not depend on the preset', () => {
    const of = (preset: string) =>
      permissionsText(synthesize(deploymentFiles.standard.replace('"standard"', `"${preset}"`)))
    expect(of('hobby')).toBe(permissionsText(standard))
    expect(of('scale')).toBe(permissionsText(standard))
  })

  it.each(syntheses)(
    'name every action of %s, and a resource where the action has any',
    (_name, synthesis) => {
      for (const { role, action, resource } of permissions(synthesis)) {
        expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/)
        if (resource === '*') expect(unscoped, role).toContain(action)
      }
    },
  )

  it.each(syntheses)('of %s come from no managed policy', (_name, { find }) => {
    for (const { Properties } of find('AWS::IAM::Role')) {
      expect(Properties.ManagedPolicyArns).toBeUndefined()
    }
  })

  it.each(syntheses)('of %s let each function write its own log only', (_name, synthesis) => {
    const logs = permissions(synthesis).filter(({ action }) => action.startsWith('logs:'))
    for (const { role, resource } of logs) {
      const [, service] = /^([a-z0-9]+?)(?:Role|TaskExecutionRole)$/.exec(role) ?? []
      expect(resource).toBe(`${service}Log.Arn`)
    }
  })

  it.each(syntheses)(
    'of %s let nobody but the collector delete objects, and only who reads them see which there are',
    (_name, synthesis) => {
      const who = (action: string) => rolesWith(synthesis, action)
      expect(who('s3:DeleteObject')).toEqual(['collectorRole'])
      expect(who('s3:ListBucket')).toEqual([...who('s3:GetObject'), 'collectorRole'].sort())
      expect(permissions(synthesis).filter(({ action }) => action === 'dynamodb:Scan')).toEqual([])
    },
  )

  it('of the collector do not let it read a message', () => {
    const readers = ['apiRole', 'deliveryRole', 'edgeTaskTaskRole', 'jobsRole']
    expect(rolesWith(standard, 's3:GetObject')).toEqual(readers)
  })

  it('of smtp alone let messages in and none out', () => {
    const smtp = permissions(scale).filter(({ role }) => role === 'smtpTaskTaskRole')
    expect(smtp.map(({ action }) => action)).not.toContain('s3:GetObject')
    expect(smtp.filter(({ resource }) => resource.startsWith('StorageMail.'))).toEqual([
      {
        role: 'smtpTaskTaskRole',
        action: 'dynamodb:PutItem',
        resource: 'StorageMail.Arn',
        condition: '{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["B#*"]}}',
      },
    ])
    expect(smtp.filter(({ resource }) => resource.includes('pw-watch'))).toEqual([])
  })

  it('of pop3 do not reach the queue, and of imap let it put in what scripts send, and nothing out', () => {
    const reached = (name: string) =>
      permissions(scale)
        .filter(
          ({ role, resource }) => role === `${name}TaskTaskRole` && /Queue|Function/.test(resource),
        )
        .map(({ action, resource, condition }) => [action, resource, condition])
    expect(reached('pop3')).toEqual([])
    const keys = '{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["Q#*","J#*"]}}'
    expect(reached('imap')).toEqual([
      ['dynamodb:PutItem', 'StorageQueue.Arn', keys],
      ['sqs:SendMessage', 'Queuesincoming.Arn', ''],
    ])
  })

  it('of whatever writes to the directory are for accounts only, but for the version of what is stored, signing keys, what delivery signs senders with, accounts that are gone, and for administration', () => {
    for (const [, synthesis] of syntheses) {
      const writes = permissions(synthesis).filter(
        ({ action, resource }) =>
          /(?:Put|Update|Delete|Write)/.test(action) && resource === 'StorageDirectory.Arn',
      )
      const ofSweeper = writes.filter(({ role }) => role === 'sweeperRole')
      expect(ofSweeper.map(({ action, condition }) => `${action} ${condition}`).sort()).toEqual(
        ['DKIM#*', 'STORE'].map(
          (keys) =>
            `dynamodb:PutItem {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["${keys}"]}}`,
        ),
      )
      const ofAdministration = writes.filter(
        ({ role }) => role === 'apiRole' || role === 'jobsRole',
      )
      for (const { condition } of ofAdministration) {
        expect(condition).toContain('"DOMAINS"')
        expect(condition).not.toContain('"STORE"')
      }
      const ofCollector = writes.filter(({ role }) => role === 'collectorRole')
      expect(ofCollector.map(({ action, condition }) => `${action} ${condition}`)).toEqual([
        'dynamodb:DeleteItem {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["REMOVED","ACC#*"]}}',
      ])
      // The IMAP container of separate services, where ManageSieve is.
      const isOfScripts = ({ action, condition }: Permission) =>
        /(?:Put|Delete)Item$/.test(action) || condition.includes('"filtered"')
      const ofScripts = writes.filter(
        (write) => write.role === 'imapTaskTaskRole' && isOfScripts(write),
      )
      expect(ofScripts.map(({ action, condition }) => `${action} ${condition}`).sort()).toEqual(
        synthesis === scale
          ? [
              'dynamodb:DeleteItem {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["ACC#*"]}}',
              'dynamodb:PutItem {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["ACC#*"]}}',
              'dynamodb:UpdateItem {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["D#*"],"dynamodb:Attributes":["pk","sk","accountId","filtered"]}}',
            ]
          : [],
      )
      const ofThese = [...ofSweeper, ...ofAdministration, ...ofCollector, ...ofScripts]
      const others = writes.filter((write) => !ofThese.includes(write))
      for (const { role, action, condition } of others) {
        expect(action).toBe('dynamodb:UpdateItem')
        const isSecret = role === 'deliveryRole' && condition.includes('"SRS"')
        if (!isSecret) expect(condition).toContain('"ACC#*"')
      }
    }
  })

  it('of the one service let it write scripts where it serves ManageSieve, and are else the same', () => {
    const listeners = 'listeners = ["smtp", "submission", "submissions", "imaps", "managesieve"]'
    const lines = (synthesis: Synthesis) => permissionsText(synthesis).split('\n')
    const before = new Set(lines(standard))
    const more = lines(synthesize(`${listeners}\n${deploymentFiles.standard}`))
    const added = more.filter((line) => !before.has(line))
    expect(added.map((line) => line.replace(/ on .*LeadingKeys/, ' … '))).toEqual([
      'edgeTaskTaskRole: dynamodb:DeleteItem … ":["ACC#*"]}}',
      'edgeTaskTaskRole: dynamodb:PutItem … ":["ACC#*"]}}',
      'edgeTaskTaskRole: dynamodb:UpdateItem … ":["D#*"],"dynamodb:Attributes":["pk","sk","accountId","filtered"]}}',
    ])
    expect(more).toHaveLength(before.size + added.length)
  })

  it('of the ACME agent are for one record', () => {
    const [change] = permissions(standard).filter(
      ({ action }) => action === 'route53:ChangeResourceRecordSets',
    )
    expect(change?.resource).toBe('arn:AWS::Partition:route53:::hostedzone/Z0123456789ABCDEFGHIJ')
    expect(JSON.parse(change?.condition ?? '{}')).toEqual({
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsNormalizedRecordNames': [
          '_acme-challenge.mail.example.org',
        ],
        'route53:ChangeResourceRecordSetsRecordTypes': ['TXT'],
        'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
      },
    })
  })

  it('of the relay secret are there where there is one', () => {
    const relay = (synthesis: Synthesis) =>
      permissions(synthesis).filter(
        ({ role, action }) => role === 'deliveryRole' && action === 'secretsmanager:GetSecretValue',
      )
    expect(relay(scale).map(({ resource }) => resource)).toEqual([
      'arn:aws:secretsmanager:eu-west-1:111122223333:secret:relay-AbCdEf',
    ])
    expect(relay(hobby)).toEqual([])
  })

  it('let functions be called by nobody but roles, rules and the HTTP API of the system', () => {
    for (const { Properties } of standard.find('AWS::Lambda::Permission')) {
      const isOfApi = readable(Properties.FunctionName, standard) === 'apiFunction.Arn'
      expect(Properties.Principal).toBe(
        isOfApi ? 'apigateway.amazonaws.com' : 'events.amazonaws.com',
      )
      expect(at(Properties, 'SourceArn')).toBeDefined()
    }
    const roles = standard
      .find('AWS::IAM::Role')
      .flatMap(({ Properties }) => list(at(Properties, 'AssumeRolePolicyDocument.Statement')))
    for (const statement of roles) {
      expect(statement).toMatchObject({ Effect: 'Allow', Action: 'sts:AssumeRole' })
    }
    const trusted = roles.map((statement) => at(statement, 'Principal.Service'))
    expect(new Set(trusted)).toEqual(new Set(['lambda.amazonaws.com', 'ecs-tasks.amazonaws.com']))
  })
})

/** Actions that are allowed on everything or not at all. */
const unscoped: readonly string[] = [
  'ecr:GetAuthorizationToken',
  'sqs:ListQueues',
  'ses:GetAccount',
]

function rolesWith(synthesis: Synthesis, wanted: string): string[] {
  const found = permissions(synthesis).filter(({ action }: Permission) => action === wanted)
  return [...new Set(found.map(({ role }) => role))].sort()
}
