// The function `jobs`: does what takes longer than an answer may, woken by whoever begins a job and every two minutes; seals the record of
// what was done and deletes what has waited in quarantine for too long, by the hour.

import { assembleAdministration } from '#services/assembly/administration.ts'
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
  async forget() {
    await assembleAdministration(await opened.running(), () => {}).quarantine.forget()
  },
  seal: async () => await assembleAuditSeals(await opened.running()).seal(),
})
