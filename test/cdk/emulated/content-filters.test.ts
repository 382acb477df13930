// A deployment whose SMTP service, which can read no stored mail otherwise, shows a filter what it has spooled and stores what that makes
// of it.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addAccounts, ann, receiveFrom, takeMail } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
let deployment: Deployment
let hook: Server
const asked: { readonly message: { readonly header: string; readonly content: string } }[] = []

describeDeployed('content filters', () => {
  beforeAll(async () => {
    hook = createServer(async (request, response) => {
      asked.push(Object(await json(request)))
      const replace = [{ name: 'Subject', value: 'changed' }]
      response.end(JSON.stringify({ verdict: 'accept', headers: { replace } }))
    }).listen(0, '127.0.0.1')
    await once(hook, 'listening')
    resources.defer(() => {
      hook.closeAllConnections()
      hook.close()
    })
    const at = hook.address()
    const port = typeof at === 'object' ? at?.port : 0
    const file = deploymentFile(
      { name: 'filtered', topology: 'separate', clientAddress: 'proxy-v2' },
      [
        'contentFilters = "webhook"',
        `webhook.url = "http://127.0.0.1:${port}/"`,
        'webhook.content = "1MB"',
      ].join('\n'),
    )
    deployment = await deploy(resources, file, { tasks: 1, proxyHeader: 'at-once' })
    await addAccounts(deployment, ann)
  })
  afterAll(() => resources.disposeAsync())

  it('see a message before it is taken, and have it changed', async () => {
    expect(await receiveFrom(deployment, '127.9.9.9', ann.address)).toMatch(/^250 /)
    const [mail = ''] = await takeMail(deployment, ann)
    expect(mail).toMatch(/\r\nSubject: changed\r\n/)
    expect(asked).toHaveLength(1)
    const content = Buffer.from(asked[0]?.message.content ?? '', 'base64').toString()
    expect(content).toContain(asked[0]?.message.header ?? 'none')
  })

  it('need no more rights than the roles have', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })
})
