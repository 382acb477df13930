// Mistakes in the templates that compile and synthesise: each of them must be found by running the deployment on this machine,
// or the other tests of it prove nothing.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import type { Assembly } from '#test/support/deployment/assembly.ts'
import { deployLocally } from '#test/support/deployment/deployment.ts'
import { addAccounts, ann, receive } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import type { Template } from '#test/support/deployment/template.ts'
import { assemble, deploymentFile, describeDeployed, dynamoDbUrl } from './deployed.ts'

const resources = new AsyncDisposableStack()
let assembly: Assembly

describeDeployed('a deployment with', () => {
  beforeAll(async () => {
    assembly = await assemble(resources, deploymentFile({ name: 'mistake' }))
  })
  afterAll(() => resources.disposeAsync())

  it('a variable of a container misnamed does not start', async () => {
    await expect(
      deploy((text) => text.replace('"Name":"OBJECTS_BUCKET"', '"Name":"BUCKET"')),
    ).rejects.toThrow('edge needs the variable OBJECTS_BUCKET')
  })

  it('a variable of a function misnamed keeps its messages in the queue', async () => {
    await using deployment = await deploy((text) =>
      text.replace('"ACTIVE_QUEUE_URL":', '"ACTIVE_URL":'),
    )
    await addAccounts(deployment, ann)
    expect(await receive(deployment, ann.address, 'Subject: a\r\n\r\n')).toMatch(/^250 /)
    const failure = await eventually('a failure', () => deployment.pollingFailures[0])
    expect(String(failure)).toContain('cleanup needs the variable ACTIVE_QUEUE_URL')
    expect(deployment.queued('incoming')).toHaveLength(1)
  })

  it('a permission missing refuses what needs it', async () => {
    await using deployment = await deploy(
      (text) => text.replaceAll('"lambda:InvokeFunction"', '"lambda:GetFunction"'),
      'edge',
    )
    expect(await receive(deployment, ann.address, '')).toMatch(/^451 /)
    expect(deployment.gateway.refusals()).toContainEqual(
      expect.objectContaining({
        principal: expect.stringContaining('edgeTaskTaskRole'),
        action: 'lambda:InvokeFunction',
        refusal: 'not-allowed',
      }),
    )
  })

  it('a permission of a mapping missing cannot be deployed', async () => {
    await expect(
      deploy((text) => text.replaceAll('"sqs:GetQueueAttributes"', '"sqs:GetQueueUrl"')),
    ).rejects.toThrow('not authorized to perform: sqs:GetQueueAttributes')
  })

  it('a mapping forgotten delivers nothing', async () => {
    await using deployment = await deploy((_, template) =>
      without(template, /^cleanupIncoming[0-9A-F]{8}$/),
    )
    await addAccounts(deployment, ann)
    expect(await receive(deployment, ann.address, 'Subject: a\r\n\r\n')).toMatch(/^250 /)
    await eventually('the bell', () => deployment.queued('incoming').length === 1)
    expect(deployment.function('cleanup').invocations).toBe(0)
    const woken = deployment.inventory.mappings.map(({ queueArn }) => queueArn)
    const others = ['active', 'deferred'].map((name) => deployment.queue(name).arn)
    expect(woken.sort()).toEqual(others.sort())
  })

  it('a schedule that may not invoke its function cannot be deployed', async () => {
    await expect(
      deploy((text) => text.replaceAll('"events.amazonaws.com"', '"scheduler.amazonaws.com"')),
    ).rejects.toThrow(/sweeperRing\w+ has no permission to invoke/)
  })

  it('a port that the security group keeps closed cannot be deployed', async () => {
    await expect(
      deploy((text) => text.replaceAll('"FromPort":1993', '"FromPort":1994')),
    ).rejects.toThrow('does not let the load balancer in on 1993')
  })

  it('a service that is not behind a listener cannot be deployed', async () => {
    await expect(
      deploy((text) => text.replace('"ContainerPort":2525,', '"ContainerPort":2526,')),
    ).rejects.toThrow('has no container edge:')
  })

  it('a type of resource that nobody knows cannot be deployed', async () => {
    await expect(
      deploy((text) => text.replaceAll('"AWS::SQS::Queue"', '"AWS::SQS::Kueue"')),
    ).rejects.toThrow('AWS::SQS::Kueue Queuesincomingdead')
  })
})

type Change = (text: string, template: Template) => string

/** With a change of the templates' text, of all stacks or of one; it must change something. */
async function deploy(change: Change, stack = ''): Promise<Deployment> {
  let isChanged = false
  const stacks = assembly.stacks.map((each) => {
    if (!each.name.endsWith(stack)) return each
    const text = JSON.stringify(each.template)
    const changed = change(text, each.template)
    isChanged ||= changed !== text
    return { ...each, template: JSON.parse(changed) }
  })
  if (!isChanged) throw new Error('the templates do not have what should be changed')
  return deployLocally({
    assembly: { ...assembly, stacks },
    dynamoDbUrl,
    tasks: 1,
  })
}

function without(template: Template, logicalId: RegExp): string {
  const resources = Object.entries(template.Resources ?? {})
  const left = resources.filter(([id]) => !logicalId.test(id))
  return JSON.stringify({ ...template, Resources: Object.fromEntries(left) })
}
