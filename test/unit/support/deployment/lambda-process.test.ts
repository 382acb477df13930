import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LambdaFunction } from '#test/support/deployment/inventory.ts'
import { LambdaPool } from '#test/support/deployment/lambda-pool.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

async function pool(source: string, options: Partial<LambdaFunction> = {}): Promise<LambdaPool> {
  const { path } = resources.use(await temporaryFolder())
  const folder = join(path, 'code')
  await mkdir(folder)
  await writeFile(join(folder, 'index.mjs'), source)
  const definition: LambdaFunction = {
    logicalId: 'Cleanup',
    name: 'cleanup',
    arn: 'arn:aws:lambda:eu-central-1:000000000000:function:cleanup',
    roleArn: '',
    folder,
    handler: 'index.handler',
    environment: {},
    timeoutSeconds: 20,
    memoryMb: 128,
    reservedConcurrency: undefined,
    ...options,
  }
  const made = new LambdaPool(definition, {
    COLOUR: 'red',
    LAMBDA_TASK_ROOT: folder,
    _HANDLER: definition.handler,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
  })
  resources.defer(() => made.close())
  return made
}

/** Begins with T when the process is stopped. */
function stateOf(pid: string): string {
  return execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' })
}

describe('a function', () => {
  it('uses its process again, and stands still in between', async () => {
    const lambda = await pool(`export const handler = async () => process.pid`)
    const first = await lambda.invoke('{}')
    await vi.waitFor(() => expect(stateOf(first.payload)).toMatch(/^T/))
    expect(await lambda.invoke('{}')).toEqual(first)
  })

  it('starts more processes for events at once', async () => {
    const lambda = await pool(`export const handler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      return process.pid
    }`)
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => lambda.invoke('{}')))
    expect(outcomes.every(({ kind }) => kind === 'returned')).toBe(true)
    expect(new Set(outcomes.map(({ payload }) => payload)).size).toBe(3)
  })

  it('gives nothing more to a process that was at work when it was renewed', async () => {
    const lambda = await pool(`export const handler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      return process.pid
    }`)
    await lambda.invoke('{}')
    const before = lambda.invoke('{}')
    await vi.waitFor(() => expect(lambda.busyPids).toHaveLength(1))
    await lambda.renew()
    const { payload } = await before
    expect((await lambda.invoke('{}')).payload).not.toBe(payload)
  })

  it('is killed when it takes longer than its timeout, and starts again', async () => {
    const lambda = await pool(
      `export const handler = (event) => event.wait ? new Promise(() => setInterval(() => {}, 1000)) : 'quick'`,
      { timeoutSeconds: 1 },
    )
    const late = await lambda.invoke('{"wait":true}')
    expect(JSON.parse(late.payload).errorMessage).toBe('Task timed out after 1 seconds')
    expect(await lambda.invoke('{}')).toEqual({ kind: 'returned', payload: '"quick"' })
  })
})
