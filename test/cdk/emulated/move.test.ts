// A deployment moves into a data folder: its containers end and its functions do nothing as soon as it is closed, and all of its mail is in
// the folder.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { eventually } from '#test/support/accounts.ts'
import { addAccounts, ann, operate, receive, takeMail } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const cli = fileURLToPath(new URL('../../../services/cli/postwolke.mjs', import.meta.url))
const resources = new AsyncDisposableStack()
let deployment: Deployment

describeDeployed('a move of a deployment', () => {
  beforeAll(async () => {
    deployment = await deploy(resources, deploymentFile({ name: 'move' }))
    await addAccounts(deployment, ann)
  })
  afterAll(() => resources.disposeAsync())

  it('is heeded by every process of it, and taken back', async () => {
    const { path } = resources.use(await temporaryFolder())
    const outputs = join(path, 'cdk-outputs.json')
    const to = join(path, 'data')
    await deployment.writeOutputs(outputs)
    const move = (...words: string[]) =>
      postwolke(['move', ...words, '--from', outputs, '--to', to])
    expect(await deliver('first')).toMatch(/^250 /)
    expect(await takeMail(deployment, ann, 1)).toHaveLength(1)
    expect(await move('start')).toMatch(/^1 object copied/m)
    expect(await deliver('second')).toMatch(/^250 /)

    const [task] = deployment.service('edge').tasks
    if (task === undefined) throw new Error('no task')
    const switching = move('switch')
    // It ends by itself, so that nothing more is taken.
    expect(await task.ended).toBe(0)
    expect(task.output).toContain('it was closed to be moved to the data folder')
    const another = await deployment.service('edge').start()
    expect(await another.ended).toBe(1)
    await expect(deployment.runSchedules('1 minute')).rejects.toThrow(/it was (closed|moved)/)
    await expect(operate(deployment, ['domain', 'list'])).rejects.toThrow(/moved to the data/)
    expect(await switching).toMatch(/has all of it and is open/)
    expect(await subjects(to)).toEqual(['first', 'second'])

    expect(await move('undo')).toContain('is open again')
    await deployment.service('edge').start()
    await eventually('mail that is taken', async () =>
      (await deliver('third').catch(() => '')).startsWith('250 '),
    )
    // The first was taken before.
    expect(await takeMail(deployment, ann, 2)).toHaveLength(2)
    // Nobody did what his role does not allow.
    expect(deployment.gateway.refusals()).toEqual([])
  }, 240_000)
})

const deliver = (subject: string) => receive(deployment, ann.address, `Subject: ${subject}\r\n\r\n`)

async function postwolke(words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [cli, ...words], {
    env: { ...deployment.operatorEnvironment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (child.exitCode !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  return stdout
}

/** Of all messages that the folder has. */
async function subjects(directory: string): Promise<readonly string[]> {
  await using store = await openEmbeddedStore({ directory })
  const { items } = await store.objects.list('mail/')
  const texts = await Promise.all(items.map(({ key }) => store.objects.read(key)))
  return texts
    .map((bytes) => /^Subject: (\S+)/m.exec(Buffer.from(bytes ?? []).toString('latin1'))?.[1] ?? '')
    .sort()
}
