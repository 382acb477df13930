// The function `jobs`: does what takes longer than an answer may, woken by whoever begins a job and every two minutes; seals the record of
// what was done, by the hour.

import { createTakeOver } from '#services/assembly/administrator-log.ts'
import { assembleAuditSeals } from '#services/assembly/audit.ts'
import { workOnJobs } from '#services/assembly/jobs.ts'
import { onSchedule, openFunction } from './functions.ts'

const opened = await openFunction('jobs', process.env)
const takeOver = createTakeOver(opened.backend.store.tables.counters, opened.backend.log)

export const handler = onSchedule(opened, {
  async work(leftMs) {
    // What commands left for the log of the system: no server is there to take it.
    await takeOver()
    await workOnJobs(await opened.running(), leftMs)
  },
  seal: async () => await assembleAuditSeals(await opened.running()).seal(),
})
