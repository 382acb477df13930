// What requests need, by service. Names of actions, resources and condition keys: Service Authorization Reference.

import { describe, expect, it } from 'vitest'
import type { AccessRequest } from '#test/support/deployment/iam.ts'
import { invokedFunctionName } from '#test/support/deployment/requests/lambda.ts'
import { accessesOf } from '#test/support/deployment/requests.ts'
import { secretArnOf } from '#test/support/deployment/secret-arn.ts'
import { UnknownRequest, type WireRequest } from '#test/support/deployment/wire-request.ts'

const place = { region: 'eu-central-1', accountId: '000000000000' }
const tables = 'arn:aws:dynamodb:eu-central-1:000000000000:table'
const queues = 'arn:aws:sqs:eu-central-1:000000000000:'
const queueUrl = 'http://127.0.0.1:4566/000000000000/incoming'

describe('DynamoDB', () => {
  const key = { pk: { S: 'A#1' }, sk: { S: 'x' } }
  const named = { ExpressionAttributeNames: { '#n0': 'pk' } }
  const query = {
    TableName: 'mail',
    KeyConditionExpression: '#n0 = :v0 AND begins_with(#n1, :v1)',
    ExpressionAttributeNames: { '#n0': 'pk', '#n1': 'sk' },
    ExpressionAttributeValues: { ':v0': { S: 'A#1' }, ':v1': { S: 'M#' } },
  }

  it.each<[string, object, readonly string[], readonly string[] | undefined]>([
    ['GetItem', { TableName: 'mail', Key: key }, [`GetItem ${tables}/mail`], ['A#1']],
    ['GetItem', { TableName: `${tables}/mail`, Key: key }, [`GetItem ${tables}/mail`], ['A#1']],
    ['PutItem', { TableName: 'mail', Item: key }, [`PutItem ${tables}/mail`], ['A#1']],
    ['UpdateItem', { TableName: 'mail', Key: key }, [`UpdateItem ${tables}/mail`], ['A#1']],
    ['DeleteItem', { TableName: 'mail', Key: key }, [`DeleteItem ${tables}/mail`], ['A#1']],
    ['Query', query, [`Query ${tables}/mail`], ['A#1']],
    ['Scan', { TableName: 'mail' }, [`Scan ${tables}/mail`], undefined],
    ['DescribeTable', { TableName: 'mail' }, [`DescribeTable ${tables}/mail`], undefined],
  ])('%s %j', (operation, body, wanted, leadingKeys) => {
    const accesses = ask(dynamodb(operation, body))
    expect(lines(accesses)).toEqual(wanted.map((line) => `dynamodb:${line}`))
    expect(accesses[0]?.context['dynamodb:LeadingKeys']).toEqual(leadingKeys)
  })

  it('takes the index as the resource of a query and the key of the index as leading key', () => {
    const body = {
      TableName: 'queue',
      IndexName: 'due',
      KeyConditionExpression: '#n0 = :v0 AND #n1 <= :v1',
      ExpressionAttributeNames: { '#n0': 'duePk', '#n1': 'dueSk' },
      ExpressionAttributeValues: { ':v0': { S: 'DUE#3' }, ':v1': { S: '2026' } },
    }
    const [access] = ask(dynamodb('Query', body))
    expect(access?.resource).toBe(`${tables}/queue/index/due`)
    expect(access?.context).toMatchObject({
      'dynamodb:LeadingKeys': ['DUE#3'],
      'dynamodb:Select': 'ALL_PROJECTED_ATTRIBUTES',
      'dynamodb:Attributes': ['duePk', 'dueSk'],
    })
  })

  it('needs each table of a batch, with all of its keys', () => {
    const other = { pk: { S: 'A#2' }, sk: { S: 'x' } }
    const reading = { mail: { Keys: [key, other] }, queue: { Keys: [key] } }
    const reads = ask(dynamodb('BatchGetItem', { RequestItems: reading }))
    expect(lines(reads)).toEqual([
      `dynamodb:BatchGetItem ${tables}/mail`,
      `dynamodb:BatchGetItem ${tables}/queue`,
    ])
    expect(reads[0]?.context['dynamodb:LeadingKeys']).toEqual(['A#1', 'A#2'])
    const writing = { mail: [{ PutRequest: { Item: key } }, { DeleteRequest: { Key: other } }] }
    const writes = ask(dynamodb('BatchWriteItem', { RequestItems: writing }))
    expect(lines(writes)).toEqual([`dynamodb:BatchWriteItem ${tables}/mail`])
    expect(writes[0]?.context['dynamodb:LeadingKeys']).toEqual(['A#1', 'A#2'])
  })

  it('needs for each part of a transaction what the part alone would need', () => {
    const TransactItems = [
      { Put: { TableName: 'mail', Item: key } },
      { Update: { TableName: 'queue', Key: key } },
      { Delete: { TableName: 'mail', Key: key } },
      { ConditionCheck: { TableName: 'directory', Key: key, ...named } },
    ]
    const writes = ask(dynamodb('TransactWriteItems', { TransactItems }))
    expect(lines(writes)).toEqual([
      `dynamodb:PutItem ${tables}/mail`,
      `dynamodb:UpdateItem ${tables}/queue`,
      `dynamodb:DeleteItem ${tables}/mail`,
      `dynamodb:ConditionCheckItem ${tables}/directory`,
    ])
    expect(writes[3]?.context).toMatchObject({
      'dynamodb:LeadingKeys': ['A#1'],
      'dynamodb:EnclosingOperation': ['TransactWriteItems'],
    })
    const gets = { TransactItems: [{ Get: { TableName: 'mail', Key: key } }] }
    expect(lines(ask(dynamodb('TransactGetItems', gets)))).toEqual([
      `dynamodb:GetItem ${tables}/mail`,
    ])
  })

  it('lists the attributes of keys, items, placeholders and expressions', () => {
    const [access] = ask(
      dynamodb('UpdateItem', {
        TableName: 'mail',
        Key: key,
        UpdateExpression: 'SET #n0 = if_not_exists(#n0, :v0), plain = :v1 REMOVE gone',
        ConditionExpression: 'attribute_exists(pk) AND (NOT #n1 = :v2)',
        ExpressionAttributeNames: { '#n0': 'name', '#n1': 'state' },
      }),
    )
    const wanted = ['gone', 'name', 'pk', 'plain', 'sk', 'state']
    expect(access?.context['dynamodb:Attributes']).toEqual(wanted)
  })

  it.each([
    [{}, 'ALL_ATTRIBUTES'],
    [{ Select: 'COUNT' }, 'COUNT'],
    [{ ProjectionExpression: '#n0' }, 'SPECIFIC_ATTRIBUTES'],
  ])('says what a query selects: %j', (part, select) => {
    const [access] = ask(dynamodb('Query', { ...query, ...part }))
    expect(access?.context['dynamodb:Select']).toBe(select)
  })

  it.each([
    ['CreateTable', { TableName: 'mail' }],
    ['GetItem', { Key: key }],
    ['GetItem', { TableName: 'mail', Key: { id: { S: '1' } } }],
    ['Query', { TableName: 'mail' }],
    ['Query', { ...query, KeyConditionExpression: '#n1 = :v1 AND #n0 = :v0' }],
    ['TransactWriteItems', { TransactItems: [{ Upsert: { TableName: 'mail', Key: key } }] }],
    ['TransactWriteItems', {}],
    ['BatchGetItem', {}],
  ])('does not know %s %j', (operation, body) => {
    expect(() => ask(dynamodb(operation, body))).toThrow(UnknownRequest)
  })
})

describe('S3', () => {
  const object = 'arn:aws:s3:::box/a/b c'

  it.each<[string, string, object, readonly string[]]>([
    ['GET', '/box/a/b%20c?x-id=GetObject', {}, [`s3:GetObject ${object}`]],
    ['GET', '/box/a/b%20c', { range: 'bytes=0-1' }, [`s3:GetObject ${object}`]],
    ['HEAD', '/box/a/b%20c', {}, [`s3:GetObject ${object}`]],
    ['PUT', '/box/a/b%20c?x-id=PutObject', {}, [`s3:PutObject ${object}`]],
    ['PUT', '/box/a/b%20c', { 'if-none-match': '*' }, [`s3:PutObject ${object}`]],
    ['POST', '/box/a/b%20c?uploads=', {}, [`s3:PutObject ${object}`]],
    ['PUT', '/box/a/b%20c?partNumber=1&uploadId=u', {}, [`s3:PutObject ${object}`]],
    ['POST', '/box/a/b%20c?uploadId=u', {}, [`s3:PutObject ${object}`]],
    ['DELETE', '/box/a/b%20c?uploadId=u', {}, [`s3:AbortMultipartUpload ${object}`]],
    ['DELETE', '/box/a/b%20c', {}, [`s3:DeleteObject ${object}`]],
    [
      'DELETE',
      '/box/a/b%20c',
      { 'if-match': '"etag"' },
      [`s3:DeleteObject ${object}`, `s3:GetObject ${object}`],
    ],
    ['GET', '/box?list-type=2&prefix=a%2F', {}, ['s3:ListBucket arn:aws:s3:::box']],
    ['GET', '/box/?list-type=2', {}, ['s3:ListBucket arn:aws:s3:::box']],
    ['HEAD', '/box', {}, ['s3:ListBucket arn:aws:s3:::box']],
    ['HEAD', '/box/', {}, ['s3:ListBucket arn:aws:s3:::box']],
  ])('%s %s %j', (method, url, headers, wanted) => {
    expect(lines(ask(s3(method, url, headers)))).toEqual(wanted)
  })

  it('knows the prefix that is listed', () => {
    const [access] = ask(s3('GET', '/box?list-type=2&prefix=a%2F&max-keys=10'))
    expect(access?.context).toMatchObject({ 's3:prefix': 'a/', 's3:max-keys': '10' })
  })

  it.each([
    ['GET', '/', {}],
    ['GET', '/box', {}],
    ['PUT', '/box', {}],
    ['GET', '/box/key?acl', {}],
    ['GET', '/box/key?versionId=1', {}],
    ['POST', '/box?delete', {}],
    ['PUT', '/box/key', { 'x-amz-copy-source': '/box/other' }],
    ['PUT', '/box/key', { 'x-amz-tagging': 'a=b' }],
  ])('does not know %s %s %j', (method, url, headers) => {
    expect(() => ask(s3(method, url, headers))).toThrow(UnknownRequest)
  })
})

describe('SQS', () => {
  it.each<[string, object, readonly string[]]>([
    ['SendMessage', { QueueUrl: queueUrl }, [`sqs:SendMessage ${queues}incoming`]],
    ['SendMessageBatch', { QueueUrl: queueUrl }, [`sqs:SendMessage ${queues}incoming`]],
    ['ReceiveMessage', { QueueUrl: queueUrl }, [`sqs:ReceiveMessage ${queues}incoming`]],
    ['DeleteMessage', { QueueUrl: queueUrl }, [`sqs:DeleteMessage ${queues}incoming`]],
    ['DeleteMessageBatch', { QueueUrl: queueUrl }, [`sqs:DeleteMessage ${queues}incoming`]],
    [
      'ChangeMessageVisibilityBatch',
      { QueueUrl: queueUrl },
      [`sqs:ChangeMessageVisibility ${queues}incoming`],
    ],
    ['GetQueueAttributes', { QueueUrl: queueUrl }, [`sqs:GetQueueAttributes ${queues}incoming`]],
    ['GetQueueUrl', { QueueName: 'incoming' }, [`sqs:GetQueueUrl ${queues}incoming`]],
    ['DeleteQueue', { QueueUrl: queueUrl }, [`sqs:DeleteQueue ${queues}incoming`]],
    ['CreateQueue', { QueueName: 'watch-1' }, [`sqs:CreateQueue ${queues}watch-1`]],
    ['CreateQueue', { QueueName: 'watch-1', tags: {} }, [`sqs:CreateQueue ${queues}watch-1`]],
    [
      'CreateQueue',
      { QueueName: 'watch-1', tags: { a: 'b' } },
      [`sqs:CreateQueue ${queues}watch-1`, `sqs:TagQueue ${queues}watch-1`],
    ],
    ['ListQueues', { QueueNamePrefix: 'watch-' }, ['sqs:ListQueues *']],
  ])('%s %j', (operation, body, wanted) => {
    expect(lines(ask(sqs(operation, body)))).toEqual(wanted)
  })

  it('knows the tags of a new queue', () => {
    const [access] = ask(sqs('CreateQueue', { QueueName: 'watch-1', tags: { a: 'b' } }))
    expect(access?.context).toMatchObject({ 'aws:RequestTag/a': 'b', 'aws:TagKeys': ['a'] })
  })

  it.each([
    ['StartMessageMoveTask', { SourceArn: `${queues}incoming` }],
    ['AddPermission', { QueueUrl: queueUrl }],
    ['SendMessage', {}],
  ])('does not know %s %j', (operation, body) => {
    expect(() => ask(sqs(operation, body))).toThrow(UnknownRequest)
  })
})

describe('Secrets Manager', () => {
  const arn = secretArnOf('postwolke/tls', place)

  it('makes ARNs with six characters after the name', () => {
    expect(arn).toMatch(
      /^arn:aws:secretsmanager:eu-central-1:000000000000:secret:postwolke\/tls-\w{6}$/,
    )
  })

  it.each(['GetSecretValue', 'PutSecretValue', 'DescribeSecret'])('%s', (operation) => {
    for (const SecretId of ['postwolke/tls', arn, arn.slice(0, -7)]) {
      const accesses = ask(json('secretsmanager', `secretsmanager.${operation}`, { SecretId }))
      expect(lines(accesses)).toEqual([`secretsmanager:${operation} ${arn}`])
    }
  })

  it('does not know other operations', () => {
    const request = json('secretsmanager', 'secretsmanager.DeleteSecret', { SecretId: arn })
    expect(() => ask(request)).toThrow(UnknownRequest)
  })
})

describe('Lambda', () => {
  const policy = 'arn:aws:lambda:eu-central-1:000000000000:function:policy'

  it.each([
    ['policy', policy],
    ['policy:live', `${policy}:live`],
    [encodeURIComponent(policy), policy],
    [encodeURIComponent(`${policy}:live`), `${policy}:live`],
  ])('invoking %s', (name, arn) => {
    const request = http('lambda', 'POST', `/2015-03-31/functions/${name}/invocations`)
    expect(lines(ask(request))).toEqual([`lambda:InvokeFunction ${arn}`])
    expect(invokedFunctionName(request)).toBe('policy')
  })

  it('does not know other operations', () => {
    expect(() => ask(http('lambda', 'GET', '/2015-03-31/functions/policy'))).toThrow(UnknownRequest)
  })
})

describe('ACM', () => {
  const CertificateArn = 'arn:aws:acm:eu-central-1:000000000000:certificate/1'

  it.each(['DescribeCertificate', 'ExportCertificate'])('%s', (operation) => {
    const accesses = ask(json('acm', `CertificateManager.${operation}`, { CertificateArn }))
    expect(lines(accesses)).toEqual([`acm:${operation} ${CertificateArn}`])
  })
})

describe('Route 53', () => {
  const change = (action: string, name: string, type: string) =>
    `<Change><Action>${action}</Action><ResourceRecordSet><Name>${name}</Name><Type>${type}</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>"x"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>`
  const body = (...changes: readonly string[]) =>
    `<?xml version="1.0"?><ChangeResourceRecordSetsRequest><ChangeBatch><Changes>${changes.join('')}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`

  it('knows which records are changed, in their normal form', () => {
    const request = http('route53', 'POST', '/2013-04-01/hostedzone/Z1/rrset', {
      body: body(
        change('UPSERT', '_acme-challenge.Mail.Example.', 'TXT'),
        change('DELETE', '*.mail.example', 'A'),
        change('DELETE', '_acme-challenge.mail.example', 'TXT'),
      ),
    })
    const [access] = ask(request)
    expect(access).toMatchObject({
      action: 'route53:ChangeResourceRecordSets',
      resource: 'arn:aws:route53:::hostedzone/Z1',
      context: {
        'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
        'route53:ChangeResourceRecordSetsNormalizedRecordNames': [
          '_acme-challenge.mail.example',
          '\\052.mail.example',
        ],
        'route53:ChangeResourceRecordSetsRecordTypes': ['TXT', 'A'],
      },
    })
  })

  it.each([
    ['GET', '/2013-04-01/change/C1', 'route53:GetChange arn:aws:route53:::change/C1'],
    [
      'GET',
      '/2013-04-01/hostedzone/Z1/rrset',
      'route53:ListResourceRecordSets arn:aws:route53:::hostedzone/Z1',
    ],
  ])('%s %s', (method, url, line) => {
    expect(lines(ask(http('route53', method, url)))).toEqual([line])
  })

  it.each([
    ['POST', '/2013-04-01/hostedzone'],
    ['POST', '/2013-04-01/hostedzone/Z1/rrset'],
  ])('does not know %s %s without records', (method, url) => {
    expect(() => ask(http('route53', method, url, { body: '' }))).toThrow(UnknownRequest)
  })
})

describe('any service', () => {
  it('is unknown unless it has a file here', () => {
    expect(() => ask(http('ec2', 'POST', '/'))).toThrow(UnknownRequest)
  })

  it('gets the global condition keys', () => {
    expect(ask(s3('GET', '/box/key'))[0]?.context).toEqual({
      'aws:PrincipalAccount': '000000000000',
      'aws:RequestedRegion': 'eu-central-1',
      'aws:ResourceAccount': '000000000000',
      'aws:SecureTransport': 'true',
    })
  })
})

function ask(request: WireRequest): readonly AccessRequest[] {
  return accessesOf(request, place)
}

function lines(accesses: readonly AccessRequest[]): readonly string[] {
  return accesses.map(({ action, resource }) => `${action} ${resource}`)
}

function dynamodb(operation: string, body: object): WireRequest {
  return json('dynamodb', `DynamoDB_20120810.${operation}`, body)
}

function sqs(operation: string, body: object): WireRequest {
  return json('sqs', `AmazonSQS.${operation}`, body)
}

function s3(method: string, url: string, headers: object = {}): WireRequest {
  return http('s3', method, url, { headers: { ...headers } })
}

function json(service: string, target: string, body: object): WireRequest {
  return http(service, 'POST', '/', { headers: { 'x-amz-target': target }, body })
}

function http(
  service: string,
  method: string,
  url: string,
  rest: Partial<WireRequest> = {},
): WireRequest {
  const [path = '', query = ''] = url.split('?', 2)
  return {
    service,
    method,
    path,
    query: new URLSearchParams(query),
    headers: {},
    body: undefined,
    ...rest,
  }
}
