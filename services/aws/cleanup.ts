// The function `cleanup`: woken by the queue incoming.

import { assembleCleanup } from '#services/assembly/pipeline.ts'
import { onQueueEvents, openFunction } from './functions.ts'
import { remade } from './running.ts'

const opened = await openFunction('cleanup', process.env)
const cleanup = remade(opened.running, (backend) => assembleCleanup(backend))

export const handler = onQueueEvents(opened, 'incoming', async (bells) =>
  (await cleanup()).handle(bells),
)
