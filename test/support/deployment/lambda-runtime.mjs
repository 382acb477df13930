// What runs inside a function's process: loads the handler as Lambda does and calls it with one event at a time, given and
// answered over the process's channel. It sees no other environment than the function's.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { LAMBDA_TASK_ROOT: root = '', _HANDLER: named = '' } = process.env
const [file = '', name = ''] = named.split('.')

const handler = await load()

process.on('message', async ({ payload, requestId, deadlineMs }) => {
  const context = {
    awsRequestId: requestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  }
  try {
    const result = await handler(JSON.parse(payload), context)
    process.send({ kind: 'returned', payload: JSON.stringify(result ?? null) })
  } catch (error) {
    process.send({ kind: 'failed', payload: JSON.stringify(described(error)) })
  }
})
process.send({ kind: 'ready' })

async function load() {
  const module = await import(pathToFileURL(join(root, `${file}.mjs`)).href)
  if (typeof module[name] !== 'function') throw new Error(`${named} is undefined or not exported`)
  return module[name]
}

function described(error) {
  return {
    errorType: error?.name ?? 'Error',
    errorMessage: error?.message ?? String(error),
    trace: String(error?.stack ?? '').split('\n'),
  }
}
