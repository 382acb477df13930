// The drill of docs/aws.md, "Restore": the mail table goes back to an earlier moment, and clients must notice.

import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { addAccounts, ann, idle, operate, receive } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
let deployment: Deployment

const RESTORED = 'restored-mail'

describeDeployed('a restore', () => {
  beforeAll(async () => {
    const containerVariables = { DRAIN_SECONDS: '1' }
    deployment = await deploy(resources, deploymentFile(), { containerVariables })
    await addAccounts(deployment, ann)
  })
  afterAll(() => resources.disposeAsync())

  it('brings the mail of that moment back, under a new UIDVALIDITY', async () => {
    await deliver('first')
    await listing(1)
    await deliver('second')
    const before = await listing(2)
    await recoverAsOfNow()
    await deliver('third')
    await listing(3)
    await deleteFirst()
    const reader = await idle(deployment, ann)
    await expect(restore()).rejects.toThrow(/--replace says so/)
    await eventually('a refusal', () =>
      restore('--replace').catch((error) => /containers are running/.test(String(error))),
    )
    reader.destroy()
    const edge = deployment.service('edge')
    for (const task of [...edge.tasks]) await edge.stop(task)

    expect(await restore('--replace')).toMatch(/^\d+ items of restored-mail are in the table mail/)
    await edge.start()
    await deployment.ready(edge, 1)
    const after = await listing(2)
    expect(after.map(({ subject }) => subject)).toEqual(['first', 'second'])
    expect(uids(after)).toEqual(uids(before))
    expect(validity(after)).toBeGreaterThan(validity(before))
    await deliver('fourth')
    expect((await listing(3)).map(({ subject }) => subject)).toEqual(['first', 'second', 'fourth'])
  })
})

const restore = (...words: readonly string[]) =>
  operate(deployment, ['restore', 'mail', '--from', RESTORED, ...words])

async function deliver(subject: string): Promise<void> {
  expect(await receive(deployment, ann.address, `Subject: ${subject}\r\n\r\n`)).toMatch(/^250 /)
}

type Listed = { readonly uidValidity: number; readonly uid: number; readonly subject: string }

/** What a client sees when there are so many messages. */
async function listing(count: number): Promise<readonly Listed[]> {
  return eventually(`${count} messages`, async () => {
    await using pop3 = await logIn()
    const lines = await pop3.list('UIDL')
    if (lines.length !== count) return undefined
    const listed: Listed[] = []
    for (const line of lines) {
      const [, number, uidValidity, uid] = /^(\d+) (\d+)-(\d+)$/.exec(line) ?? []
      const text = (await pop3.multiline(`RETR ${number}`)).toString('latin1')
      const [, subject = ''] = /^Subject: (\S+)/m.exec(text) ?? []
      listed.push({ uidValidity: Number(uidValidity), uid: Number(uid), subject })
    }
    return listed
  })
}

const uids = (listed: readonly Listed[]) => listed.map(({ uid }) => uid)
const validity = (listed: readonly Listed[]) => listed[0]?.uidValidity ?? 0

async function logIn(): Promise<Pop3Client> {
  const pop3 = await Pop3Client.open(deployment.port(995), { tls: true })
  expect(await pop3.logIn(ann.address, ann.password)).toMatch(/^\+OK/)
  return pop3
}

async function deleteFirst(): Promise<void> {
  await using pop3 = await logIn()
  expect(await pop3.command('DELE 1')).toMatch(/^\+OK/)
  expect(await pop3.quit()).toMatch(/^\+OK/)
}

/** As point-in-time recovery does: a new table with what the other one holds now. */
async function recoverAsOfNow(): Promise<void> {
  const { dynamo } = deployment.clients
  const TableName = deployment.table('Mail')
  const { Table: table } = await dynamo.send(new DescribeTableCommand({ TableName }))
  await dynamo.send(
    new CreateTableCommand({
      TableName: RESTORED,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: table?.KeySchema ?? [],
      AttributeDefinitions: (table?.AttributeDefinitions ?? []).filter(({ AttributeName }) =>
        table?.KeySchema?.some((key) => key.AttributeName === AttributeName),
      ),
    }),
  )
  const { Items: items = [] } = await dynamo.send(new ScanCommand({ TableName }))
  for (let at = 0; at < items.length; at += 25) {
    const puts = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }))
    await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [RESTORED]: puts } }))
  }
}
