// The console on AWS: the same stories as on one machine, in a browser that comes to the function through its gateway, under the name that the
// deployment file gives the console. Nothing is streamed there, and each console has a deployment of its own.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOST, standOn } from '#test/support/console-ground.ts'
import {
  CONSOLE_HOST,
  type DeployedGround,
  deployedGround,
} from '#test/support/deployment/console-ground.ts'
import { isInstalled } from '#test/support/program.ts'
import { freePort } from '#test/support/server-process.ts'
import { assemble, deploymentFile, dynamoDbUrl } from './deployed.ts'

const certificate =
  'arn:aws:acm:eu-central-1:000000000000:certificate/00000000-0000-0000-0000-000000000000'

describe.skipIf(dynamoDbUrl === '' || !isInstalled('chromium'))('the console on AWS', () => {
  const resources = new AsyncDisposableStack()
  let ground: DeployedGround

  beforeAll(async () => {
    const relayhost = `[127.0.0.1]:${ground.relayPort}`
    const name = { apiDomain: CONSOLE_HOST, apiCertificateArn: certificate }
    const file = deploymentFile({ hostname: HOST, relayhost, api: 'on', ...name })
    ground.deploys(await assemble(resources, file))
  })
  afterAll(() => resources.disposeAsync())

  describe('stories', async () => {
    ground = deployedGround({ dynamoDbUrl, relayPort: await freePort() })
    standOn(ground)
    await import('../../console/door.test.ts')
    await import('../../console/directory.test.ts')
    await import('../../console/filters.test.ts')
    await import('../../console/queue.test.ts')
    await import('../../console/tasks.test.ts')
  })

  it('and its stories need no more rights than the roles have', () => {
    expect(ground.faults).toEqual([])
  })
})
