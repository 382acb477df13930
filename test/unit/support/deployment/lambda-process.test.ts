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
  it('is called with event and context in its own environment', async () => {
    process.env.POSTWOLKE_ONLY_OURS = 'yes'
    const lambda = await pool(`export async function handler(event, context) {
      return {
        event,
        name: context.functionName,
        hasTime: context.getRemainingTimeInMillis() > 0 && context.awsRequestId.length > 0,
        colour: process.env.COLOUR,
        ours: process.env.POSTWOLKE_ONLY_OURS,
      }
    }`)
    const { kind, payload } = await lambda.invoke('{"n":1}')
    expect(kind).toBe('returned')
    expect(JSON.parse(payload)).toEqual({
      event: { n: 1 },
      name: 'cleanup',
      hasTime: true,
      colour: 'red',
    })
  })

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

  it('reports what the handler throws', async () => {
    const lambda = await pool(`export const handler = async () => { throw new TypeError('no') }`)
    const outcome = await lambda.invoke('{}')
    expect(outcome.kind).toBe('failed')
    expect(JSON.parse(outcome.payload)).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'no',
    })
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

  it('fails an event whose process is killed or ends itself', async () => {
    const lambda = await pool(`export const handler = (event) => {
      if (event.end) process.exit(3)
      return new Promise(() => setInterval(() => {}, 1000))
    }`)
    const running = lambda.invoke('{}')
    await vi.waitFor(() => expect(lambda.busyPids).toHaveLength(1))
    for (const pid of lambda.busyPids) process.kill(pid, 'SIGKILL')
    expect((await running).kind).toBe('failed')
    const ended = await lambda.invoke('{"end":true}')
    expect(JSON.parse(ended.payload)).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: 'the process ended with 3',
    })
  })

  it('that cannot be loaded fails each event', async () => {
    const lambda = await pool(`import 'nowhere'\nexport const handler = () => 1`)
    await expect(lambda.invoke('{}')).rejects.toThrow('Cleanup does not start')
    const other = await pool('export const handle = () => 1')
    await expect(other.invoke('{}')).rejects.toThrow('index.handler is undefined or not exported')
  })
})
