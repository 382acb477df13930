// The function `cleanup`: woken by the queue incoming.

import { assembleCleanup } from '#services/assembly/pipeline.ts'
import { onQueueEvents, openFunction } from './functions.ts'

const opened = await openFunction('cleanup', process.env)
const { handle } = assembleCleanup(opened.backend)

export const handler = onQueueEvents(opened, 'incoming', handle)
