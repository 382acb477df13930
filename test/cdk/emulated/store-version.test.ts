// The version of what is stored, as a deployment starts on it: one that is newer stops whoever starts, an older one nobody.

import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { STORE_FORMAT } from '#shared/storage/format.ts'
import { eventually } from '#test/support/accounts.ts'
import { addAccounts, ann, operate, receive, takeMail } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
let deployment: Deployment

/** Of functions that were asked. */
const pids = new Set<number>()

const key = { pk: { S: 'STORE' }, sk: { S: 'FORMAT' } }
const functions = ['policy', 'cleanup', 'delivery', 'sweeper', 'collector']
const newer = `cannot open the store: it was written by a newer version of Postwolke (format ${STORE_FORMAT + 1}, this one knows ${STORE_FORMAT})`

describeDeployed('a deployment', () => {
  beforeAll(async () => {
    deployment = await deploy(resources, deploymentFile({ name: 'version' }))
    for (const name of functions) deployment.function(name).onEvent = (_, pid) => pids.add(pid)
    await addAccounts(deployment, ann)
  })
  afterAll(() => resources.disposeAsync())

  it('starts nothing on what a newer version left, and says so', async () => {
    await say(STORE_FORMAT + 1)
    for (const name of functions) {
      await expect(deployment.function(name).invoke('{}'), name).rejects.toThrow(newer)
    }
    // Tasks that run have read it before.
    expect(await receive(deployment, ann.address, 'Subject: no\r\n\r\n')).toMatch(/^451 /)
    const task = await deployment.service('edge').start()
    // It ends by itself, so that ECS starts another.
    expect(await task.ended).toBe(1)
    expect(task.output).toContain(`postwolke: ${newer}`)
    await expect(operate(deployment, ['domain', 'list'])).rejects.toThrow(
      'it was written by a newer version of Postwolke',
    )
    await expect(deployment.runSchedules('1 minute')).rejects.toThrow()
    expect(await stored()).toBe(STORE_FORMAT + 1)
  })

  it.each([
    ['none', undefined],
    ['an older one', STORE_FORMAT - 1],
  ])('works with %s, which the sweeper raises', async (_what, format) => {
    await say(format)
    await letFunctionsGo()
    expect(await receive(deployment, ann.address, 'Subject: yes\r\n\r\n')).toMatch(/^250 /)
    expect(await takeMail(deployment, ann)).toHaveLength(1)
    const before = writes()
    await deployment.runSchedules('1 minute')
    await deployment.runSchedules('1 minute')
    expect(await stored()).toBe(STORE_FORMAT)
    expect(writes() - before).toBe(1)
    expect(deployment.gateway.refusals()).toEqual([])
  })
})

/** So that the next event of each is a cold start. */
async function letFunctionsGo(): Promise<void> {
  for (const pid of pids) {
    await eventually('an end', () => {
      try {
        process.kill(pid, 'SIGKILL')
        return false
      } catch {
        return true
      }
    })
  }
  pids.clear()
}

async function say(format: number | undefined): Promise<void> {
  const TableName = deployment.table('Directory')
  const { dynamo } = deployment.clients
  if (format === undefined) await dynamo.send(new DeleteItemCommand({ TableName, Key: key }))
  else {
    const Item = { ...key, format: { N: String(format) } }
    await dynamo.send(new PutItemCommand({ TableName, Item }))
  }
}

async function stored(): Promise<number> {
  const get = new GetItemCommand({ TableName: deployment.table('Directory'), Key: key })
  return Number((await deployment.clients.dynamo.send(get)).Item?.format?.N)
}

/** Of the version, by the sweeper. */
function writes(): number {
  const calls = deployment.gateway.calls()
  return calls.filter(
    ({ principal, action, resource }) =>
      principal.includes('sweeperRole') &&
      action === 'dynamodb:PutItem' &&
      resource.endsWith(deployment.table('Directory')),
  ).length
}
